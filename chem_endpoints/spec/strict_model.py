"""The base of every declared section: unknown keys and wrong types are mistakes, values never change."""

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

REFUSED = "refused"
"""Type of the errors whose text is already the whole message to the declaration's author."""


class StrictModel(BaseModel):
    """A section of a declaration. Texts are not taken for numbers, nor ``true`` for 1; docstrings are the help."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


def refusal(reason: str) -> PydanticCustomError:
    """An error that says why a value is refused and what to write instead."""
    return PydanticCustomError(REFUSED, "{reason}", {"reason": reason})
