"""The picture of the demonstration: lines of the run that README.md records, drawn as a terminal.

python -m examples.pictures.terminal    after the recording in README.md has changed
"""

import re
import sys
import textwrap
from collections.abc import Iterator
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECORDING = ROOT / "README.md"
PICTURE = ROOT / "docs" / "images" / "demo.svg"
COMMAND = "make demo"
COLUMNS, CHARACTER, LINE, MARGIN, BAR = 94, 8.43, 19, 18, 34
"""Characters of a line; width of one and height of a line, margins and the window's bar in units of the picture."""

PARTS = (
    ("1. A local AWS", 1),
    ("2. Training", 1),
    (".demo/bundles/", 1),
    ("3. Deploying", 4),
    ("4. Endpoint(", 9),
    ("12 of 14", 5),
    ("Cross-validated RMSE", 5),
    ("5. logs-async", 5),
    ("Done in", 1),
)
"""First words of a line of the recording, and how many lines are shown from there on."""

COLOURS = (
    (re.compile(r"\d\. .+"), "step"),
    (re.compile(r".*  outside"), "outside"),
    (re.compile(r" +a typing error: .+"), "reason"),
)
"""Lines that are coloured, whole, and their class of `STYLE`."""

STYLE = """
    svg { --paper: #ffffff; --bar: #eaeef2; --edge: #d0d7de; --ink: #1f2328; --step: #0550ae; --outside: #8a4600;
          --reason: #b3261e; --gap: #59636e }
    @media (prefers-color-scheme: dark) {
      svg { --paper: #0d1117; --bar: #212830; --edge: #3d444d; --ink: #e6edf3; --step: #79c0ff; --outside: #f0a35e;
            --reason: #ff9b93; --gap: #9198a1 }
    }
    text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: var(--ink);
           white-space: pre }
    .command { font-weight: 600 }
    .step { fill: var(--step); font-weight: 600 }
    .outside { fill: var(--outside) }
    .reason { fill: var(--reason) }
    .gap { fill: var(--gap) }
"""


class NoSuchLineError(ValueError):
    """The recording has no such line, or several; `PARTS` must follow it."""


def recording(page: str) -> list[str]:
    """The lines that `make demo` printed, from the page's first block of text after that command."""
    after = page.partition(f"```bash local\n{COMMAND}\n```")[2]
    found = re.search(r"^```text[^\n]*\n(.*?)^```$", after, re.MULTILINE | re.DOTALL)
    if found is None:
        raise NoSuchLineError(f"{RECORDING.name} shows no output of {COMMAND}")
    return found[1].splitlines()


def shown(lines: list[str]) -> Iterator[str | None]:
    """The lines of the picture; None where lines of the recording are left out.

    Raises:
        NoSuchLineError: see there.
    """
    end = 0
    for words, count in PARTS:
        places = [number for number, line in enumerate(lines) if line.strip().startswith(words)]
        if len(places) != 1 or places[0] < end:
            raise NoSuchLineError(
                f"{len(places)} lines of the recording begin with {words!r}, of which none comes next"
            )
        if places[0] > end and any(lines[end : places[0]]):
            yield None
        end = places[0] + count
        yield from lines[places[0] : end]


def drawn(lines: list[str | None]) -> str:
    """The SVG."""
    rows = [f'<text class="command" x="{MARGIN}" {_place(0)}>$ {COMMAND}</text>']
    for line in lines:
        for text, kind in _wrapped(line):
            style = f' class="{kind}"' if kind else ""
            rows.append(f'<text{style} x="{MARGIN}" {_place(len(rows))}>{escape(text)}</text>')
    width, height = round(COLUMNS * CHARACTER + 2 * MARGIN), BAR + len(rows) * LINE + 2 * MARGIN
    told = escape(" ".join(line.strip() for line in lines if line))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" \
aria-labelledby="demo-title demo-text">
  <title id="demo-title">What {COMMAND} prints</title>
  <desc id="demo-text">{told}</desc>
  <style>{STYLE}  </style>
  <rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="9" fill="var(--paper)" stroke="var(--edge)"/>
  <path d="M.5 {BAR}V9.5a9 9 0 0 1 9-9H{width - 9.5}a9 9 0 0 1 9 9V{BAR}z" fill="var(--bar)" stroke="var(--edge)"/>
  <circle cx="20" cy="17" r="5.5" fill="#ec6a5e"/>
  <circle cx="38" cy="17" r="5.5" fill="#f4bf4f"/>
  <circle cx="56" cy="17" r="5.5" fill="#61c554"/>
  <g xml:space="preserve">
    {f"{chr(10)}    ".join(rows)}
  </g>
</svg>
"""


def _place(row: int) -> str:
    return f'y="{BAR + MARGIN + 14 + row * LINE}"'


def _wrapped(line: str | None) -> Iterator[tuple[str, str]]:
    """The line in pieces that fit, each with its class."""
    if line is None:
        yield "   …", "gap"
        return
    kind = next((name for pattern, name in COLOURS if pattern.fullmatch(line)), "")
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    pieces = textwrap.wrap(line, COLUMNS, subsequent_indent=indent, drop_whitespace=False, replace_whitespace=False)
    yield from ((piece.rstrip(), kind) for piece in pieces or [""])


def main() -> int:
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(drawn(list(shown(recording(RECORDING.read_text(encoding="utf-8"))))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
