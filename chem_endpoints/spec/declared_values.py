"""The single values of a declaration, each with the reason for which it is refused.

Sources: "CreateEndpoint" (SageMaker API reference); "General purpose bucket naming rules", "Naming Amazon S3 objects"
(S3 user guide).
"""

import re
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator

from chem_endpoints.spec.strict_model import refusal

MAIN_VARIANT = "AllTraffic"
"""The production variant that every endpoint has. Deployment guardrails demand that its name never changes."""

_NAME = re.compile(r"[a-z0-9](-*[a-z0-9]){0,62}")
_STACK_NAMES = frozenset({"foundation", "image", "images", "network"})
# The key becomes part of a role's policy, where * ? and ${ would name other objects too.
_S3_OBJECT = re.compile(r"s3://(?P<bucket>[^/]+)/[A-Za-z0-9!_.'()/=+@-]+")
_BUCKET = re.compile(
    r"(?=.{3,63}$)(?![0-9]+(\.[0-9]+){3}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
)
_MAX_SENTENCE = 500


def _endpoint_name(name: str) -> str:
    if len(name) > 63 or not _NAME.fullmatch(name):
        raise refusal("must be 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end")
    if name in _STACK_NAMES:
        raise refusal(f"is the name of one of our own stacks; choose another, for example {name}-v1")
    return name


def _artifact(location: str) -> str:
    if not location.endswith(".tar.gz"):
        raise refusal("must end in .tar.gz, the one archive that SageMaker unpacks")
    if "://" in location:
        return _artifact_in_s3(location)
    if "\0" in location or PurePosixPath(location).is_absolute():
        raise refusal("must be a path from the repository's root, or s3://bucket/key.tar.gz")
    return location


def _artifact_in_s3(uri: str) -> str:
    found = _S3_OBJECT.fullmatch(uri)
    if not found:
        raise refusal(
            "must be a file of this repository or s3://bucket/key.tar.gz, the key of letters, digits and "
            "! _ . ' ( ) / = + @ -"
        )
    if not _BUCKET.fullmatch(found["bucket"]):
        raise refusal("must name a bucket of 3 to 63 lower-case letters, digits, hyphens and single dots")
    return uri


def _artifact_version(version: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,1024}", version):
        raise refusal("must be a version id as S3 gives it: letters, digits and . _ -")
    return version


def _key_arn(arn: str) -> str:
    if not re.fullmatch(r"arn:aws:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}", arn):
        raise refusal("must be the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID")
    return arn


def _model_digest(digest: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise refusal("must be 64 lower-case hex digits; chem-endpoints train --declare writes them")
    return digest


def _variant_name(name: str) -> str:
    if name == MAIN_VARIANT:
        raise refusal("is the name of the main variant; choose another, for example challenger")
    if not re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name):
        raise refusal("must be 1 to 63 letters, digits and hyphens, with no hyphen at either end")
    return name


def _sentence(text: str) -> str:
    # CloudFormation hands other characters back as question marks, and each diff would show a change.
    if len(text) > _MAX_SENTENCE or not (text.isascii() and text.isprintable()):
        raise refusal(
            f"must be at most {_MAX_SENTENCE} plain ASCII characters in one line, because it describes the stack"
        )
    return text


EndpointName = Annotated[str, AfterValidator(_endpoint_name)]
"""SageMaker endpoint name. Lower case only: AWS tells endpoint names apart without regard to case."""

ArtifactLocation = Annotated[str, AfterValidator(_artifact)]
"""A ``.tar.gz`` below the repository or ``s3://bucket/key``."""

ArtifactVersion = Annotated[str, AfterValidator(_artifact_version)]
"""Version id of an S3 object."""

VariantName = Annotated[str, AfterValidator(_variant_name)]
"""Name of a variant beside the main one."""

KeyArn = Annotated[str, AfterValidator(_key_arn)]
"""ARN of a KMS key."""

ModelDigest = Annotated[str, AfterValidator(_model_digest)]
"""SHA-256 of a bundle's ``manifest.json``, in hex."""

Sentence = Annotated[str, AfterValidator(_sentence)]
"""One line of plain text."""
