"""A Model is told its image and the one repository that its role may pull from."""

from constructs_lib.image.container_image import ContainerImage, image_in_our_repository, pinned_image
from constructs_lib.naming import SharedNames

NAMES = SharedNames(account="444455556666", region="eu-central-1")


def test_an_image_of_our_own_lies_in_our_repository() -> None:
    image = image_in_our_repository("444455556666.dkr.ecr.eu-central-1.amazonaws.com/chem-endpoints:tag", NAMES)
    assert image.repository_arn == "arn:aws:ecr:eu-central-1:444455556666:repository/chem-endpoints"


def test_a_pinned_image_may_lie_in_another_accounts_repository() -> None:
    pin = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/chem-endpoints@sha256:{'0' * 64}"
    assert pinned_image(pin) == ContainerImage(
        reference=pin, repository_arn="arn:aws:ecr:eu-central-1:111122223333:repository/chem-endpoints"
    )
