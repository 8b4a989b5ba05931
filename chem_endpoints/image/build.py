"""Builds the images of `chem_endpoints.spec.image_source.IMAGES` from a clone, and exports what a push would send."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from chem_endpoints.image.contents import SOURCES_LABEL
from chem_endpoints.image.docker_archive import unpack_docker_archive
from chem_endpoints.image.engine import Engine, local_name
from chem_endpoints.image.storage import labels
from chem_endpoints.spec.image_source import DOCKERFILE, IMAGES, source_hash

TRUST_VARIABLE = "SSL_CERT_FILE"
"""Names this machine's own trust roots, where its traffic is inspected."""

WHEELS_VARIABLES = ("UV_FIND_LINKS", "PIP_FIND_LINKS")
"""Name a folder or addresses of wheels, separated by commas or spaces; the first that is set counts."""

_BASE_LABEL = "org.opencontainers.image.base.name"

# Places that every Debian image has: a mount point that was not there stays behind in the layer, as an empty file.
_TRUST_PLACE = "/etc/ssl/certs/ca-certificates.crt"
_HOME_PLACE = "/root"
_WHEELS_PLACE = "/mnt"

_TRUST_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        ".config/pip/pip.conf": f"[global]\ncert = {_TRUST_PLACE}\n",
        ".config/uv/uv.toml": "native-tls = true\n",
    }
)
"""Files of the builder's home folder: pip and uv bring trust roots of their own unless they are told otherwise."""


class BuildError(Exception):
    """A build that failed; the message says which, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Built:
    """An image in the engine's storage."""

    image: str
    reference: str
    engine: Engine
    is_new: bool
    """False: the storage held it, from the same sources and upon the same base image."""
    seconds: float


def build(
    root: Path,
    image: str,
    *,
    engine: Engine,
    base_image: str | None = None,
    reference: str | None = None,
    cache: bool = True,
) -> Built:
    """Builds one image with the engine's cache; what the engine tells goes to the terminal.

    What the storage holds from the same sources and upon the same base image, as its labels say, is not built again:
    podman and buildah read every copied file again only to find all steps in their cache.

    Where traffic is inspected a machine has trust roots of its own, named by ``SSL_CERT_FILE``: podman and buildah
    mount them into the steps of the build, and a folder of wheels that ``UV_FIND_LINKS`` or ``PIP_FIND_LINKS`` names.
    Docker can mount nothing: name a base image that holds the trust roots, and an address instead of a folder.

    Args:
        root: the clone.
        image: its name in the table of images.
        engine: what builds it.
        base_image: instead of the Dockerfile's pinned one, which the engine pulls where its storage lacks it.
        reference: what the image is called; default: `local_name`.
        cache: False runs every step, for the newest packages of the system.

    Raises:
        ImageSourceError: no such image, or its lock is missing.
        BuildError: the build failed, or several folders of wheels are named.
    """
    begun = time.monotonic()
    sources = source_hash(root, image)
    base = base_image or pinned_base_image(root)
    reference = reference or local_name(image)
    made_of = {SOURCES_LABEL: sources, _BASE_LABEL: base}
    held = labels(engine, reference) or {}
    is_new = not cache or not made_of.items() <= held.items()
    if is_new:
        words = [
            f"--build-arg=BASE_IMAGE={base}",
            f"--build-arg=SOURCE_HASH={sources}",
            # buildah's cache takes a step LABEL for the same whatever its arguments are.
            *(f"--label={name}={value}" for name, value in made_of.items()),
            *([] if cache else ["--no-cache"]),
            f"--tag={reference}",
        ]
        _run_build(root, engine, IMAGES[image].target, words)
    return Built(image=image, reference=reference, engine=engine, is_new=is_new, seconds=time.monotonic() - begun)


def pinned_base_image(root: Path) -> str:
    """The base image that the Dockerfile pins.

    Args:
        root: the clone.
    """
    (pinned,) = re.findall(r"^ARG BASE_IMAGE=(\S+)$", (root / DOCKERFILE).read_text(), re.MULTILINE)
    return str(pinned)


def export(engine: Engine, reference: str, folder: Path) -> None:
    """Writes an image as a push would send it: ``manifest.json``, and the blobs by the hex of their digests.

    Layers are gzipped.

    Args:
        engine: whose storage holds the image.
        reference: its name there.
        folder: an empty folder, or one to be made.

    Raises:
        EngineError: the engine cannot write it; there may be no such image.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if engine.name != "docker":
        # buildah gzips whatever leaves its storage; podman must be asked to.
        compress = ["--compress"] if engine.name == "podman" else []
        engine.ask("push", *compress, reference, f"dir:{folder}")
        return
    with tempfile.TemporaryDirectory(prefix="chem-endpoints-export-", dir=folder.parent) as beside:
        archive = Path(beside) / "image.tar"
        engine.ask("save", f"--output={archive}", reference)
        unpack_docker_archive(archive, folder)


def machine_flags(engine: Engine, home: Path) -> list[str]:
    """What every ``build`` on this machine is given: the engine's flags, its trust roots and its wheels.

    Args:
        engine: what builds.
        home: an empty folder that lasts as long as the build; it stands in for the home of the steps' user.

    Raises:
        BuildError: several folders of wheels are named.
    """
    mounts = _trust_mounts(engine, home)
    named = next(filter(None, map(os.environ.get, WHEELS_VARIABLES)), "").replace(",", " ").split()
    wheels = [link for link in named if "://" in link]
    folders = [link for link in named if engine.name != "docker" and Path(link).is_dir()]
    if len(folders) > 1:
        raise BuildError(f"{' or '.join(WHEELS_VARIABLES)} names {len(folders)} folders; a build can be given one")
    for folder in folders:
        mounts.append(f"{folder}:{_WHEELS_PLACE}")
        wheels.append(_WHEELS_PLACE)
    return [
        *engine.build_flags(),
        *(f"--volume={mount}:ro" for mount in mounts),
        *([f"--build-arg=UV_FIND_LINKS={','.join(wheels)}"] if wheels else []),
    ]


def _run_build(root: Path, engine: Engine, target: str, words: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="chem-endpoints-build-") as home:
        flags = [*machine_flags(engine, Path(home)), *words, f"--file={root / DOCKERFILE}", f"--target={target}"]
        status = subprocess.run(engine.command("build", *flags, str(root)), check=False).returncode
    if status != 0:
        raise BuildError(
            f"{DOCKERFILE}, target {target}: {engine.name} build ended with status {status}, its last lines say why. "
            "Where the base image or a package is out of reach: name a mirror of the base image, or the machine's "
            f"trust roots ({TRUST_VARIABLE})"
        )


def _trust_mounts(engine: Engine, home: Path) -> list[str]:
    roots = os.environ.get(TRUST_VARIABLE)
    if not roots or engine.name == "docker":
        return []
    for name, settings in _TRUST_SETTINGS.items():
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text(settings)
    return [f"{roots}:{_TRUST_PLACE}", f"{home}:{_HOME_PLACE}"]
