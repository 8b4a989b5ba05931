"""What a benchmark found: each figure beside its target, printed in one form and handed to the scoreboard.

A benchmark makes one `Figures`, tells it what it saw, and ends with `Figures.exit_status`. Where the variable
`FILE_VARIABLE` names a file, the figures are written there as JSON (`read_figures` reads them).
"""

import math
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypedDict, Unpack

from pydantic import TypeAdapter

FILE_VARIABLE = "CHEM_ENDPOINTS_FIGURES"
"""Environment variable: the file that a benchmark writes its figures to."""


class Verdict(StrEnum):
    """What became of a target."""

    PASS = "PASS"  # noqa: S105 - no password
    FAIL = "FAIL"
    SKIPPED = "skipped"
    SEEN = "seen"
    """There is no target."""


class Bound(StrEnum):
    """On which side of its limit a figure has to lie."""

    LEAST = "at least"
    MOST = "at most"


@dataclass(frozen=True, kw_only=True)
class Beside:
    """The two sides of a ratio; both are medians of the same rounds.

    Attributes:
        ours: of this project.
        theirs: of the other side.
        unit: of both.
        whose: what the other side is.
        what: is compared; empty: the figure's name says it.
        arguments: those of the benchmark that measure this ratio alone; empty: the whole benchmark does.
    """

    ours: float
    theirs: float
    unit: str
    whose: str
    what: str = ""
    arguments: str = ""

    def __str__(self) -> str:
        return f"{number(self.ours)} against {number(self.theirs)} {self.unit} of {self.whose}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One thing that was measured or promised.

    Attributes:
        name: what it is; distinct within a benchmark.
        verdict: beside its target.
        value: what was seen; ``None``: a promise that is kept or broken, or nothing was seen.
        unit: of value, limit and aim; a ratio says ``times faster`` and the like.
        bound: which side of the limit is right; ``None``: there is no limit.
        limit: the target.
        aim: hoped for beyond the target.
        note: more about it, in words.
        beside: the sides, if it is a ratio of two.
    """

    name: str
    verdict: Verdict
    value: float | None = None
    unit: str = ""
    bound: Bound | None = None
    limit: float | None = None
    aim: float | None = None
    note: str = ""
    beside: Beside | None = None

    @property
    def target(self) -> str:
        """The target in words; empty: there is none."""
        if self.bound is None or self.limit is None:
            return ""
        return f"{self.bound} {number(self.limit)}" + (f", aim {number(self.aim)}" if self.aim is not None else "")

    @property
    def seen(self) -> str:
        """The value with its unit; empty: there is none."""
        return "" if self.value is None else f"{number(self.value)} {self.unit}".rstrip()

    def __str__(self) -> str:
        target = f" ({self.target})" if self.target else ""
        sides = f"; {self.beside}" if self.beside else ""
        note = f"; {self.note}" if self.note else ""
        seen = f": {self.seen}" if self.seen else ""
        return f"{self.verdict:<8}{self.name}{seen}{target}{sides}{note}"


class Details(TypedDict, total=False):
    """What may be told of a figure; see `Figure`."""

    unit: str
    aim: float
    note: str
    beside: Beside


FIGURES = TypeAdapter(tuple[Figure, ...])


class Figures:
    """Collects figures, prints each as it comes, and ends a benchmark."""

    def __init__(self) -> None:
        self.found: list[Figure] = []

    def at_least(self, name: str, value: float, least: float, **details: Unpack[Details]) -> bool:
        """Judges a figure that must be at least so large; whether it is."""
        return self._judge(name, value, value >= least, Bound.LEAST, least, details)

    def at_most(self, name: str, value: float, most: float, **details: Unpack[Details]) -> bool:
        """Judges a figure that must be at most so large; whether it is."""
        return self._judge(name, value, value <= most, Bound.MOST, most, details)

    def promise(self, name: str, kept: bool, *, note: str = "") -> bool:
        """Judges what is either so or not; whether it is."""
        self._add(Figure(name=name, verdict=Verdict.PASS if kept else Verdict.FAIL, note=note))
        return kept

    def seen(self, name: str, value: float, **details: Unpack[Details]) -> None:
        """Tells a figure without a target."""
        self._add(Figure(name=name, verdict=Verdict.SEEN, value=_finite(value), **details))

    def skipped(self, name: str, why: str) -> None:
        """Tells that a target could not be looked at."""
        self._add(Figure(name=name, verdict=Verdict.SKIPPED, note=why))

    def exit_status(self) -> int:
        """Writes the figures for the scoreboard, if it asks; 1 if a target was missed, else 0."""
        if path := os.environ.get(FILE_VARIABLE):
            Path(path).write_bytes(FIGURES.dump_json(tuple(self.found), indent=2))
        return 1 if any(figure.verdict is Verdict.FAIL for figure in self.found) else 0

    def _judge(self, name: str, value: float, kept: bool, bound: Bound, limit: float, details: Details) -> bool:
        verdict = Verdict.PASS if kept else Verdict.FAIL
        self._add(Figure(name=name, verdict=verdict, value=_finite(value), bound=bound, limit=limit, **details))
        return kept

    def _add(self, figure: Figure) -> None:
        if any(figure.name == other.name for other in self.found):
            raise ValueError(f"two figures are called {figure.name!r}")
        self.found.append(figure)
        print(figure, flush=True)


def read_figures(path: Path) -> tuple[Figure, ...]:
    """What a benchmark has written.

    Raises:
        pydantic.ValidationError: the file holds something else.
    """
    return FIGURES.validate_json(path.read_bytes())


def _finite(value: float) -> float | None:
    """``None`` for what is no number: JSON has none."""
    return value if math.isfinite(value) else None


def number(value: float) -> str:
    """Three significant digits, thousands parted by a space, no exponent: ``0.304``, ``21.1``, ``94 800``."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    rounded = round(value, 2 - math.floor(math.log10(abs(value))))
    text = f"{rounded:,.{digits}f}".replace(",", "\N{NO-BREAK SPACE}")
    return text.rstrip("0").rstrip(".") if "." in text else text
