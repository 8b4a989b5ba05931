"""The report of one built image: three files, and a short text for a terminal.

The command line calls ``write_report`` on the folder of an exported image, prints ``Report.text`` (the ten largest
packages are in it) and every line of ``Report.problems``, and fails where there is one.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chem_endpoints.image.advisories import OSV_SERVICE
from chem_endpoints.image.budget import BUDGETS, MEGABYTE
from chem_endpoints.image.examination import Examination, examine
from chem_endpoints.image.licences import Licence
from chem_endpoints.image.packages import largest
from chem_endpoints.image.sbom import bill_of_materials


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was written about one image."""

    text: str
    """Size, ten largest packages, leftovers and advisories in some twenty lines."""
    files: tuple[Path, ...]
    problems: tuple[str, ...]
    """One line for each thing that must not ship; empty: the image may."""


def write_report(
    folder: Path,
    *,
    image: str,
    output: Path,
    root: Path,
    ask: bool = True,
    strict: bool = False,
    service: str = OSV_SERVICE,
) -> Report:
    """Examines the image in ``folder`` and writes ``OUTPUT/IMAGE.md``, ``IMAGE.json`` and ``IMAGE.cdx.json``.

    The first is for people, the second holds the figures, the third is the bill of materials (CycloneDX 1.6).

    Args:
        folder: as `chem_endpoints.image.build.export` writes it.
        image: its name, one of ``IMAGES``.
        output: folder for the files; made where it is missing.
        root: the repository's, for the locks and the sources.
        ask: whether the advisory service is asked.
        strict: whether no answer of the advisory service is a problem too.
        service: address of the advisory service.

    Raises:
        ContentsError: the folder holds no image.
        LockError: a lock is none.
        ImageSourceError: the image's lock is missing.
    """
    found = examine(folder, image=image, root=root, ask=ask, strict=strict, service=service)
    texts = {
        f"{image}.md": "\n".join(_page(found)) + "\n",
        f"{image}.json": json.dumps(_figures(found), indent=2) + "\n",
        f"{image}.cdx.json": bill_of_materials(found.contents, image=image, pins=found.pins),
    }
    output.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (output / name).write_text(text)
    return Report(
        text="\n".join(_short(found)),
        files=tuple(output / name for name in texts),
        problems=found.problems,
    )


def _short(found: Examination) -> Iterator[str]:
    yield f"{found.image}: {_size(found)}"
    yield "ten largest packages, MB gzipped (unpacked):"
    for package in largest(found.python):
        yield f"  {_mb(package.compressed):>6} {f'({_mb(package.size)})':>8}  {package.name} {package.version}"
    yield f"leftovers: {len(found.leftovers) or 'none'}; advisories: {found.audit}"


def _page(found: Examination) -> Iterator[str]:
    yield f"# Image {found.image}"
    yield ""
    yield f"{_size(found)} `{found.contents.digest}`"
    yield from _section("Problems", ["What must not ship"], [[line] for line in found.problems])
    yield from _section(
        "Layers",
        ["MB gzipped", "MB unpacked", "Made by"],
        [
            [_mb(layer.compressed), _mb(layer.unpacked), f"`{_one_line(layer.made_by)}`"]
            for layer in found.contents.layers
        ],
    )
    yield from _section(
        "Ten largest packages",
        ["Package", "Version", "MB gzipped", "MB unpacked"],
        [
            [package.name, package.version, _mb(package.compressed), _mb(package.size)]
            for package in largest(found.python)
        ],
    )
    yield from _section(
        "Leftovers",
        ["Found", "Files", "MB gzipped", "Why it must not be there"],
        [[left.rule.name, str(len(left.files)), _mb(left.compressed), left.rule.reason] for left in found.leftovers],
    )
    yield from _section(
        "Advisories",
        ["Package", "Version", "Advisory", "Fixed in"],
        [
            [each.package, each.version, " ".join((each.id, *each.aliases)), ", ".join(each.fixed_in) or "no release"]
            for each in found.audit.advisories
        ],
        words="Of Python packages. Debian's were not asked for: the registry's scan on push reads them.",
        nothing=f"{found.audit}.",
    )
    yield from _section(
        "Licences to read",
        ["Package", "Version", "Licence"],
        [[each.package, each.version, each.text] for each in found.licences if each.needs_reading],
        words="Unknown by the package's metadata, or the GPL or AGPL without a choice.",
    )
    yield from _section(
        "Licences",
        ["Licence", "Packages"],
        _by_licence(found.licences),
        words="As the packages' metadata names them. Debian's are in /usr/share/doc, those of libraries inside wheels "
        "in the packages' .dist-info/licenses.",
    )


def _section(
    title: str, header: Sequence[str], rows: Iterable[Sequence[str]], *, words: str = "", nothing: str = "None."
) -> Iterator[str]:
    """A heading, a paragraph of ``words``, a table or, without rows, ``nothing``."""
    yield from ("", f"## {title}", "")
    if words:
        yield from (words, "")
    told = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    if told:
        yield from (f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *told))
    else:
        yield nothing


def _by_licence(found: Iterable[Licence]) -> list[list[str]]:
    packages: dict[str, list[str]] = {}
    for each in found:
        packages.setdefault(each.text, []).append(each.package)
    return [[text, ", ".join(names)] for text, names in sorted(packages.items())]


def _figures(found: Examination) -> dict[str, Any]:
    budget = BUDGETS.get(found.image)
    return {
        "image": found.image,
        "digest": found.contents.digest,
        "compressed_bytes": found.contents.compressed,
        "unpacked_bytes": found.contents.unpacked,
        "hidden_bytes": found.contents.hidden,
        "limit_bytes": None if budget is None else budget.limit,
        "aim_bytes": None if budget is None else budget.aim,
        "layers": [
            {"digest": layer.digest, "compressed_bytes": layer.compressed, "unpacked_bytes": layer.unpacked}
            for layer in found.contents.layers
        ],
        "files": len(found.contents.files),
        "debian_packages": len(found.debian),
        "python_packages": [
            {
                "name": package.name,
                "version": package.version,
                "folder": package.folder,
                "compressed_bytes": package.compressed,
                "unpacked_bytes": package.size,
            }
            for package in found.python
        ],
        "leftovers": {left.rule.name: [file.path for file in left.files] for left in found.leftovers},
        "advisories": {
            "outcome": found.audit.outcome,
            "reason": found.audit.reason,
            "asked": found.audit.asked,
            "found": [{"package": each.package, "id": each.id} for each in found.audit.advisories],
        },
        "problems": list(found.problems),
    }


def _size(found: Examination) -> str:
    contents, budget = found.contents, BUDGETS.get(found.image)
    allowed = "" if budget is None else f" (limit {_mb(budget.limit)}, aim {_mb(budget.aim)})"
    return (
        f"{_mb(contents.compressed)} MB gzipped{allowed}, {_mb(contents.unpacked)} MB unpacked, "
        f"{len(contents.layers)} layers, {len(found.python)} Python and {len(found.debian)} Debian packages."
    )


def _mb(size: int) -> str:
    return f"{size / MEGABYTE:.1f}"


def _one_line(step: str) -> str:
    words = " ".join(step.replace("`", "'").split())
    return words if len(words) <= 120 else f"{words[:119]}…"
