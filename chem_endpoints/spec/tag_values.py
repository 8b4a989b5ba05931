"""The tags of a declaration, and the texts that become tags.

Source: "Tag" (SageMaker API reference).
"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from chem_endpoints.spec.strict_model import refusal

_TAG_TEXT = re.compile(r"[\w .:/=+@-]*")
_ALLOWED = "letters, digits, spaces and _ . : / = + - @"
_RESERVED_PREFIXES = ("aws:", "chem-endpoints:")
_MAX_TAGS = 40


def _tag_text(text: str) -> str:
    if not text.strip() or len(text) > 256 or not _TAG_TEXT.fullmatch(text):
        raise refusal(f"must be 1 to 256 {_ALLOWED}, not all of them spaces, because it becomes a tag")
    return text


def _tags(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > _MAX_TAGS:
        raise refusal(f"must be at most {_MAX_TAGS} tags; AWS allows 50 and the rest are ours")
    first: dict[str, str] = {}
    for key, value in tags.items():
        if reason := _objection(key, value):
            raise refusal(f"{key!r} is refused: {reason}")
        if key.casefold() in first:
            raise refusal(f"{key!r} and {first[key.casefold()]!r} differ in case alone; keep one")
        first[key.casefold()] = key
    return tags


def _objection(key: str, value: str) -> str:
    """Why a tag is refused; empty for a good one."""
    if key.casefold().startswith(_RESERVED_PREFIXES):
        return "keys with aws: or chem-endpoints: are reserved; choose another key"
    if not key.strip() or len(key) > 128 or len(value) > 256:
        return "a key has 1 to 128 characters, not all of them spaces, a value at most 256"
    if not (_TAG_TEXT.fullmatch(key) and _TAG_TEXT.fullmatch(value)):
        return f"write {_ALLOWED} only, in one line"
    return ""


TagText = Annotated[str, AfterValidator(_tag_text)]
"""A text that can be a tag's value."""

Tags = Annotated[dict[str, str], AfterValidator(_tags), Field(strict=True)]
"""Tags without the reserved prefixes, whose keys differ in more than case."""
