"""What is combined and how: the contents of ``combination.json``."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chem_endpoints.wire.manifest import Sha256

COMBINATION_FILE = "combination.json"
PARTS_FOLDER = "parts"
"""``parts/<name>/`` holds every file of a part's bundle, its own manifest among them."""

How = Literal["concat", "mean", "weighted", "vote"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlannedPart(_Strict):
    """One bundle of a combination."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """Its columns are called ``<name>_…``."""
    digest: Sha256
    """Its model digest: SHA-256 of its own manifest."""
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Of its prediction in a weighted mean; without meaning elsewhere."""


class Plan(_Strict):
    """Contents of ``combination.json``."""

    format: Literal[1] = 1
    how: How
    """``concat``: every column of every part; ``mean`` and ``weighted``: the mean of the parts' numbers; ``vote``: the
    class that most parts say."""
    require_all: bool = False
    """Whether a row that one part cannot take fails; else it keeps what the other parts say."""
    parts: tuple[PlannedPart, ...] = Field(min_length=2)
    """In the order in which they run."""

    @model_validator(mode="after")
    def _names_are_distinct(self) -> "Plan":
        names = [part.name for part in self.parts]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"two parts are called {', '.join(doubled)}")
        return self

    def to_bytes(self) -> bytes:
        """The file's bytes; the same plan always gives the same bytes."""
        return (self.model_dump_json(indent=1) + "\n").encode()
