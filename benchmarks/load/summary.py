"""What a step came to, and whether that is good enough."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.load.answers import Outcome
from benchmarks.load.engine import Result
from benchmarks.load.schedule import Step

PERCENTILES = {"p50": 50.0, "p95": 95.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One step.

    Attributes:
        offered: requests per second of the schedule.
        sent: requests of the step.
        right: right answers.
        goodput: right answers per second, from the step's start to its end or its last right answer.
        refused: answers 429.
        errors: name → count of every other outcome.
        milliseconds: percentile → latency of the right answers from their scheduled arrival.
        late_milliseconds: 99th percentile of how late the generator itself sent.
    """

    offered: float
    sent: int
    right: int
    goodput: float
    refused: int
    errors: dict[str, int]
    milliseconds: dict[str, float]
    late_milliseconds: float

    @property
    def errors_percent(self) -> float:
        """Share of the requests without a right answer; refusals count."""
        return 100 * (1 - self.right / self.sent)


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """What every step must keep to; ``None``: not asked.

    Attributes:
        p50_ms: median latency.
        p99_ms: 99th percentile of the latency.
        errors_percent: largest share of requests without a right answer.
    """

    p50_ms: float | None = None
    p99_ms: float | None = None
    errors_percent: float | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A threshold and what was found."""

    name: str
    offered: float
    limit: float
    found: float

    @property
    def passed(self) -> bool:
        """Whether the limit is kept."""
        return self.found <= self.limit

    def __str__(self) -> str:
        word = "PASS" if self.passed else "FAIL"
        return f"{word}  {self.name} at {self.offered:g}/s: {self.found:.4g}, limit {self.limit:g}"


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest value that at least ``percent`` of the ordered values do not exceed; none: infinity."""
    if not ordered:
        return math.inf
    return ordered[max(0, math.ceil(round(percent / 100 * len(ordered), 9)) - 1)]


def summarize(steps: Sequence[Step], results: Sequence[Result]) -> list[Summary]:
    """A summary of each step that counts."""
    starts = [sum(step.seconds for step in steps[:number]) for number in range(len(steps))]
    return [
        _summary(step, starts[number], [result for result in results if result.step == number])
        for number, step in enumerate(steps)
        if step.counted
    ]


def _summary(step: Step, start: float, results: Sequence[Result]) -> Summary:
    right = [result for result in results if result.outcome is Outcome.RIGHT]
    latencies = sorted(result.milliseconds for result in right)
    lateness = sorted((result.sent - result.scheduled) * 1e3 for result in results)
    seconds = max([step.seconds, *(result.finished - start for result in right)])
    return Summary(
        offered=step.rate,
        sent=len(results),
        right=len(right),
        goodput=len(right) / seconds,
        refused=sum(result.outcome is Outcome.REFUSED for result in results),
        errors=dict(Counter(result.error for result in results if result.outcome is Outcome.ERROR).most_common()),
        milliseconds={name: percentile(latencies, percent) for name, percent in PERCENTILES.items()},
        late_milliseconds=percentile(lateness, 99),
    )


def verdicts(summaries: Sequence[Summary], thresholds: Thresholds) -> list[Verdict]:
    """Each threshold that is asked, at each step."""
    return [
        Verdict(name=name, offered=summary.offered, limit=limit, found=found)
        for summary in summaries
        for name, limit, found in _asked(summary, thresholds)
    ]


def _asked(summary: Summary, thresholds: Thresholds) -> Iterator[tuple[str, float, float]]:
    if thresholds.p50_ms is not None:
        yield "p50 ms", thresholds.p50_ms, summary.milliseconds["p50"]
    if thresholds.p99_ms is not None:
        yield "p99 ms", thresholds.p99_ms, summary.milliseconds["p99"]
    if thresholds.errors_percent is not None:
        yield "errors %", thresholds.errors_percent, summary.errors_percent


def table(summaries: Sequence[Summary]) -> str:
    """The summaries as text, a line each, and below them what the errors were."""
    names = ("offered/s", "sent", "right", "goodput/s", "429", "errors", *(f"{name} ms" for name in PERCENTILES))
    lines = ["".join(f"{name:>11}" for name in names)]
    for summary in summaries:
        counts = (summary.sent, summary.right, f"{summary.goodput:.1f}", summary.refused, sum(summary.errors.values()))
        latencies = (f"{value:.1f}" if math.isfinite(value) else "-" for value in summary.milliseconds.values())
        lines.append("".join(f"{cell:>11}" for cell in (f"{summary.offered:g}", *counts, *latencies)))
    told = Counter[str]()
    for summary in summaries:
        told.update(summary.errors)
    return "\n".join([*lines, *(f"{count:>11} x {name}" for name, count in told.most_common())])
