"""The single values of a declaration, each with the reason for which it is refused.

Sources: "CreateEndpoint", "Tag" (SageMaker API reference); "IAM identifiers" (IAM user guide).
"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from chem_endpoints.spec.strict_model import refusal

_NAME = re.compile(r"[a-z0-9](-*[a-z0-9]){0,62}")
_STACK_NAMES = frozenset({"foundation", "image", "images"})
_S3_OBJECT = re.compile(r"s3://[a-z0-9.-]{3,63}/.+")
_CALLER = re.compile(r"arn:aws:iam::\d{12}:(role|user)/[\w+=,.@/-]+")
_TAG_TEXT = re.compile(r"[\w\s.:/=+@-]*")
_RESERVED_TAG_PREFIXES = ("aws:", "chem-endpoints:")
_MAX_TAGS = 40
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
    if "://" in location and not _S3_OBJECT.fullmatch(location):
        raise refusal("must be a file of this repository or s3://bucket/key.tar.gz")
    return location


def _model_digest(digest: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise refusal("must be 64 lower-case hex digits; chem-endpoints train --declare writes them")
    return digest


def _caller(arn: str) -> str:
    if not _CALLER.fullmatch(arn):
        raise refusal("must be the ARN of an IAM role or user, for example arn:aws:iam::123456789012:role/chemists")
    return arn


def _tag_text(text: str) -> str:
    if not 1 <= len(text) <= 256 or not _TAG_TEXT.fullmatch(text):
        raise refusal("must be 1 to 256 letters, digits, spaces and _ . : / = + - @, because it becomes a tag")
    return text


def _tags(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > _MAX_TAGS:
        raise refusal(f"must be at most {_MAX_TAGS} tags; AWS allows 50 and the rest are ours")
    for key, value in tags.items():
        if key.lower().startswith(_RESERVED_TAG_PREFIXES):
            raise refusal(f"{key!r} is refused: keys with aws: or chem-endpoints: are reserved; choose another key")
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise refusal(f"{key!r} is refused: a key has 1 to 128 characters, a value at most 256")
        if not (_TAG_TEXT.fullmatch(key) and _TAG_TEXT.fullmatch(value)):
            raise refusal(f"{key!r} is refused: write letters, digits, spaces and _ . : / = + - @ only")
    return tags


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

ModelDigest = Annotated[str, AfterValidator(_model_digest)]
"""SHA-256 of a bundle's ``manifest.json``, in hex."""

CallerArn = Annotated[str, AfterValidator(_caller)]
"""ARN of an IAM role or user."""

Sentence = Annotated[str, AfterValidator(_sentence)]
"""One line of plain text."""

TagText = Annotated[str, AfterValidator(_tag_text)]
"""A text that can be a tag's value."""

Tags = Annotated[dict[str, str], AfterValidator(_tags), Field(strict=True)]
"""Tags without the reserved prefixes."""
