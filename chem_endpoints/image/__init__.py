"""Building, examining and running the container images: with docker, podman or buildah, whichever a machine has."""
