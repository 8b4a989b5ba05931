"""Writes docs/benchmarks.md, and the table in README.md, from the records and a template of text."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks.figures import Verdict, number
from benchmarks.scoreboard.benchmarks import BENCHMARKS, BY_KEY, ROOT, Reader
from benchmarks.scoreboard.record import Machine, Record

TEMPLATE = Path(__file__).with_name("page.md")
PAGE = ROOT / "docs" / "benchmarks.md"
README = ROOT / "README.md"

BEGIN, END = "<!-- scoreboard:begin -->", "<!-- scoreboard:end -->"
"""What lies between them in README.md is written here."""

STACKS = ("throughput", "memory", "cold_start", "client", "descriptors_2d", "chemprop_forward", "fingerprints")
"""Benchmarks whose ratios make the comparison with what others use."""

WORDS: Mapping[Verdict, str] = {
    Verdict.PASS: "met",
    Verdict.FAIL: "**missed**",
    Verdict.SKIPPED: "not looked at",
    Verdict.SEEN: "",
}

Records = Mapping[str, Record]


class MarkersError(ValueError):
    """A page has no place for the comparison."""


def page(records: Records) -> str:
    """The whole of docs/benchmarks.md."""
    writers: dict[str, Callable[[], str]] = {
        "summary": lambda: summary(records),
        "comparison": lambda: comparison(records),
        "missed": lambda: missed(records),
        "machines": lambda: machines(records),
        "commands": commands,
        "minutes": lambda: str(sum(benchmark.minutes for benchmark in BENCHMARKS)),
    }
    writers |= {f"runs: {reader}": partial(sections, reader, records) for reader in Reader}
    return re.sub(r"\{\{ (.+?) \}\}", lambda place: writers[place[1]](), TEMPLATE.read_text(encoding="utf-8"))


def with_comparison(text: str, records: Records) -> str:
    """The text with the comparison between its markers.

    Raises:
        MarkersError: the text lacks the markers.
    """
    before, begun, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (begun and ended):
        raise MarkersError(f"README.md needs the lines {BEGIN} and {END}: the table is written between them")
    return f"{before}{BEGIN}\n{comparison(records)}\n{END}{after}"


def summary(records: Records) -> str:
    """How many targets are met, in a sentence."""
    verdicts = [figure.verdict for record in records.values() for figure in record.figures]
    met, failed = verdicts.count(Verdict.PASS), verdicts.count(Verdict.FAIL)
    by_hand = sum(bool(record.by_hand) for record in records.values())
    unrun = [key for key in BY_KEY if key not in records]
    told = f"{met} of {met + failed} targets are met, {failed} {'is' if failed == 1 else 'are'} [missed](#missed)."
    if by_hand:
        told += (
            f" {by_hand} of {len(BENCHMARKS)} benchmarks show figures that were recorded by hand from an earlier run;"
            " each says so."
        )
    return told + (f" Not run yet: {', '.join(unrun)}." if unrun else "")


def comparison(records: Records) -> str:
    """The ratios of two sides: what, ours, theirs, whose, the ratio, and the command that measures it."""
    rows = []
    for key in STACKS:
        for figure in records[key].figures if key in records else ():
            if (sides := figure.beside) is None:
                continue
            command = f"{BY_KEY[key].module} {sides.arguments}".strip()
            ours, theirs = (f"{number(side)} {sides.unit}" for side in (sides.ours, sides.theirs))
            what = sides.what or figure.name
            rows.append([what, ours, f"{theirs}, {sides.whose}", f"**{figure.seen}**", figure.target, f"`{command}`"])
    head = ["what", "ours", "the other side", "median ratio", "target", "command, after `python -m`"]
    return f"{table(head, rows)}\n\n{_ages(records)}"


def _ages(records: Records) -> str:
    """When the ratios were measured, in sentences."""
    told: dict[str, list[str]] = {}
    for key in STACKS:
        if (record := records.get(key)) is not None:
            kind = (
                "recorded by hand from a run of" if record.by_hand else f"{'quick' if record.quick else 'full'} run of"
            )
            told.setdefault(f"{kind} {record.date[:10]}", []).append(key)
    return "; ".join(f"{', '.join(keys)}: {words}" for words, keys in told.items()) + "."


def missed(records: Records) -> str:
    """Every missed target."""
    rows = [
        [f"[{key}](#{key})", figure.name, figure.seen or figure.note, figure.target, _weather(record)]
        for key, record in records.items()
        for figure in record.figures
        if figure.verdict is Verdict.FAIL
    ]
    return table(["benchmark", "figure", "seen", "target", "run"], rows) if rows else "None."


def sections(reader: Reader, records: Records) -> str:
    """A section for each benchmark of a reader."""
    return "\n\n".join(figures(benchmark.key, records) for benchmark in BENCHMARKS if benchmark.reader is reader)


def figures(key: str, records: Records) -> str:
    """The section of one benchmark: what it measures, when it ran, and every figure."""
    benchmark = BY_KEY[key]
    head = f"### {key}\n\nMeasures {benchmark.measures}."
    record = records.get(key)
    if record is None:
        return f"{head} Not run yet: `make bench ONLY={key}`."
    rows = [
        [figure.name, figure.seen + (f" ({figure.beside})" if figure.beside else ""), figure.target,
         WORDS[figure.verdict], figure.note]
        for figure in record.figures
    ]  # fmt: skip
    return f"{head}\n\n{_provenance(record)}\n\n{table(['figure', 'seen', 'target', '', 'more'], rows)}"


def _provenance(record: Record) -> str:
    """When, from what and how the figures came."""
    if record.by_hand:
        return f"*Recorded by hand {record.by_hand}.* Command: `{record.command}`. {_told(record.machine)}."
    commit = f"commit {record.commit}" + (" with changes" if record.changed else "")
    kind = "quick run" if record.quick else "full run"
    return (
        f"`{record.command}`: {kind} of {record.date} UTC, {commit}, {record.seconds:.0f} s,"
        f" load average before {record.load:g} on {record.machine.cores} cores."
    )


def _weather(record: Record) -> str:
    if record.by_hand:
        return f"by hand, {record.date}"
    return f"{'quick' if record.quick else 'full'}, {record.date}, load {record.load:g}"


def machines(records: Records) -> str:
    """The machines and the versions, with the benchmarks that ran there."""
    groups: dict[tuple[Machine, str], list[str]] = {}
    for key, record in records.items():
        told = ", ".join(f"{name} {version}" for name, version in record.versions.items())
        groups.setdefault((record.machine, told), []).append(key)
    return table(
        ["machine", "packages", "benchmarks"],
        [[_told(machine), told, ", ".join(keys)] for (machine, told), keys in groups.items()],
    )


def _told(machine: Machine) -> str:
    parts = [machine.processor, f"{machine.cores} cores"]
    parts += [f"{machine.memory_gib} GiB"] if machine.memory_gib else []
    return ", ".join(part for part in (*parts, machine.kernel, machine.python) if part)


def commands() -> str:
    """All benchmarks: what, for whom, how long, what they need."""
    rows = [
        [f"[{benchmark.key}](#{benchmark.key})", benchmark.measures, benchmark.reader, str(benchmark.minutes),
         "; ".join(benchmark.needs)]
        for benchmark in BENCHMARKS
    ]  # fmt: skip
    return table(["benchmark", "measures", "for", "minutes", "needs"], rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
