"""How the examination of one promise ends: kept, broken, or not asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The promise is kept.

    Attributes:
        figure: what was seen, in a few words.
        figures: the numbers in it, by a name that does not change; the unit is the name's last word.
    """

    figure: str
    figures: Mapping[str, float] = field(default_factory=dict)


class BrokenPromiseError(Exception):
    """The promise is broken.

    Args:
        happened: what was seen; names rows by number, never by what they hold.
        remedy: what to do.
    """

    def __init__(self, happened: str, remedy: str) -> None:
        super().__init__(happened)
        self.happened, self.remedy = happened, remedy


class NotAskedError(Exception):
    """The promise does not apply to this bundle, or nothing is there to ask it with; the message says why."""
