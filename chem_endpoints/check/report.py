"""What the examination of a bundle found: one result per promise, for people and for programs."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

PASS, FAIL, SKIPPED = "PASS", "FAIL", "skipped"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one promise.

    Attributes:
        check: the promise's id.
        promise: what a caller relies on.
        result: ``PASS``, ``FAIL`` or ``skipped``.
        figure: what was seen, in a few words; of a skipped check why it was skipped.
        figures: the numbers in it, by names that do not change.
        happened: of a failed check, what was seen.
        remedy: of a failed check, what to do.
    """

    check: str
    promise: str
    result: Literal["PASS", "FAIL", "skipped"]
    figure: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    happened: str = ""
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The results for one bundle; as text it is a table.

    Attributes:
        bundle: the file or folder.
        model_sha256: its model digest; empty: it has no manifest, or could not be read.
        rows: different rows that it was asked with.
        seconds: how long that took.
        results: one per promise, in the order of the table.
    """

    bundle: str
    model_sha256: str
    rows: int
    seconds: float
    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """Whether no promise is broken."""
        return not any(result.result == FAIL for result in self.results)

    def to_dict(self) -> dict[str, Any]:
        """The report for programs; its keys do not change."""
        told = {"bundle": self.bundle, "model_sha256": self.model_sha256, "passed": self.passed}
        return {
            **told,
            "rows": self.rows,
            "seconds": round(self.seconds, 1),
            "checks": [asdict(result) for result in self.results],
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.bundle}: {f'model digest {self.model_sha256[:12]}…' if self.model_sha256 else 'no manifest'}"
        yield ""
        name, kind = (max(len(getattr(one, field)) for one in self.results) for field in ("check", "result"))
        for one in self.results:
            yield f"{one.check:<{name}}  {one.result:<{kind}}  {one.figure or one.promise}"
            if one.result == FAIL:
                yield f"    happened: {one.happened}"
                yield f"    do:       {one.remedy}"
        yield ""
        passed, failed, skipped = (sum(one.result == each for one in self.results) for each in (PASS, FAIL, SKIPPED))
        yield f"{passed} passed, {failed} failed, {skipped} skipped; {self.rows} different rows, {self.seconds:.0f} s"
