"""What a Model needs to know of its image, whichever way it was built."""

from dataclasses import dataclass

from chem_endpoints.spec.image_pins import pinned_repository_arn
from constructs_lib.naming import SharedNames


@dataclass(frozen=True, kw_only=True)
class ContainerImage:
    """An image reference, and the repository that the execution role must be allowed to pull from."""

    reference: str
    """For ``PrimaryContainer.Image``: registry, repository, and tag or digest."""
    repository_arn: str
    """ARN of its ECR repository, perhaps another account's."""


def image_in_our_repository(reference: str, names: SharedNames) -> ContainerImage:
    """An image whose reference is `chem_endpoints.spec.image_source.image_reference`."""
    return ContainerImage(reference=reference, repository_arn=names.repository_arn)


def pinned_image(pin: str) -> ContainerImage:
    """An image of ``images.yaml``.

    Args:
        pin: as `chem_endpoints.spec.image_pins.load_pins` gives it.
    """
    return ContainerImage(reference=pin, repository_arn=pinned_repository_arn(pin))
