"""The dated files of one run: JSON for programs, Markdown for people."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chem_endpoints.smoke.check import Finding


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where and when a run asked. The account's number is in none of it."""

    date: str
    """ISO 8601, day."""
    region: str
    is_local: bool
    image: str
    instance_type: str


def write_result(
    folder: Path, place: Place, findings: Mapping[str, Finding], left: tuple[str, ...]
) -> tuple[Path, Path]:
    """Writes ``smoke-DATE-REGION.json`` and ``.md``; a second run of the day gets a number.

    Args:
        folder: where to; it is made.
        place: of the run.
        findings: by id.
        left: sentences on what could not be deleted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"smoke-{place.date}-{'local' if place.is_local else place.region}"
    number, path = 1, folder / f"{stem}.json"
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.json"
    content: dict[str, Any] = {
        **asdict(place),
        "findings": {name: asdict(finding) for name, finding in sorted(findings.items())},
        "left": list(left),
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    summary = path.with_suffix(".md")
    summary.write_text(_markdown(place, findings, left), encoding="utf-8")
    return path, summary


def _markdown(place: Place, findings: Mapping[str, Finding], left: tuple[str, ...]) -> str:
    where = f"in AWS, on {place.instance_type}"
    if place.is_local:
        where = "on the local AWS: this shows that the checks run, and nothing about AWS"
    lines = [
        f"# Smoke run of {place.date}, {place.region}",
        "",
        f"Asked {where}. Ids are those of docs/unverified.md.",
        "",
        "| id | verdict | evidence |",
        "|---|---|---|",
    ]
    for name, finding in sorted(findings.items()):
        evidence = " ".join(finding.evidence.split()).replace("|", "\\|")
        lines.append(f"| {name} | {finding.verdict} | {evidence} |")
    if left:
        lines += ["", "Could not be deleted (`chem-endpoints smoke --clean` tries again):", ""]
        lines += [f"- {sentence}" for sentence in left]
    return "\n".join(lines) + "\n"
