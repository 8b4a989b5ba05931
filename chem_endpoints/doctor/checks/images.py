"""Can the next instance pull its image?"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.doctor.finding import Flaw
from chem_endpoints.doctor.lifecycle_policy import removal_of
from chem_endpoints.doctor.look import Look
from chem_endpoints.doctor.subject import Subject

_REFERENCE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<repository>[a-z0-9._/-]+)"
    r"(@(?P<digest>sha256:[0-9a-f]{64})|:(?P<tag>[A-Za-z0-9_.-]+))?"
)
_ABSENT = ("ImageNotFoundException", "RepositoryNotFoundException")


@dataclass(frozen=True, kw_only=True)
class _Image:
    account: str
    region: str
    repository: str
    id: Mapping[str, str]
    """As ECR names it: a tag or a digest."""


def images_stay(subject: Subject, look: Look) -> Iterator[Flaw]:
    """Every image that the endpoint runs is in its repository, and no lifecycle rule is going to take it away."""
    if look.local:
        yield Flaw(
            severity="note", happened="the local AWS runs this clone's code, no images; not looked at", remedy=""
        )
        return
    for reference in subject.images:
        if image := _parsed(reference):
            yield from _image(reference, image, look)


def _parsed(reference: str) -> _Image | None:
    """None where the image is in no ECR repository."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return None
    by_digest = found["digest"]
    return _Image(
        account=found["account"],
        region=found["region"],
        repository=found["repository"],
        id={"imageDigest": by_digest} if by_digest else {"imageTag": found["tag"] or "latest"},
    )


def _image(reference: str, image: _Image, look: Look) -> Iterator[Flaw]:
    ecr, place = look.ecr(image.region), {"registryId": image.account, "repositoryName": image.repository}
    try:
        found = ecr.describe_images(**place, imageIds=[dict(image.id)])["imageDetails"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _ABSENT:
            raise
        found = []
    if not found:
        yield Flaw(
            severity="error",
            happened=f"the image {reference} is not in its repository: no further instance can start",
            remedy="Push the same image again, or build and deploy another (the stage's `images` says who builds)",
        )
        return
    removal = removal_of(found[0], policy) if (policy := _policy(ecr, place)) else None
    if removal:
        tagged = found[0].get("imageTags")
        yield Flaw(
            severity="warning",
            happened=f"the repository {removal.what} the image {reference} {removal.when}"
            f" (lifecycle rule {removal.priority}{'' if tagged else '; it has no tag'})",
            remedy="Give it a tag that no rule selects, such as release-NAME: aws ecr put-image with its manifest",
        )


def _policy(ecr: Any, place: Mapping[str, str]) -> str | None:
    try:
        return str(ecr.get_lifecycle_policy(**place)["lifecyclePolicyText"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "LifecyclePolicyNotFoundException":
            return None
        raise
