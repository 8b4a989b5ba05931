"""Whether a command printed what the page shows: equal but for what differs from run to run."""

import difflib
import re
from dataclasses import dataclass
from typing import Final

ANY_TEXT: Final = "…"
"""In a line of the page: any text."""
ANY_LINES: Final = "..."
"""As a line of the page: any lines, also none."""


@dataclass(frozen=True, kw_only=True)
class Mask:
    """Text that is compared by its form alone."""

    pattern: str
    becomes: str
    why: str


MASKS: Final = (
    Mask(pattern=r"\x1b\[[0-9;]*m", becomes="", why="colours, which a page does not show"),
    Mask(pattern=r"(?:/[\w.@+-]+)+/chem-endpoints(?![\w.-])", becomes="CLONE", why="where the reader cloned"),
    Mask(pattern=r"(?:/[\w.@+-]+)+/reader-(?:home|tmp)(?![\w-])", becomes="FOLDER", why="the reader's own folders"),
    Mask(
        pattern=r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\b",
        becomes="DATE",
        why="when it was run",
    ),
    Mask(pattern=r"\b\d\d:\d\d:\d\d\b", becomes="TIME", why="when it was run"),
    Mask(pattern=r"(?<![\w.])\d+(?:\.\d+)? ?(?:s|ms|seconds)\b", becomes="SECONDS", why="how fast the machine is"),
    Mask(pattern=r"\b(localhost|127\.0\.0\.1):\d+", becomes=r"\1:PORT", why="a free port is chosen"),
    Mask(pattern=r"\b(process|pid) \d+", becomes=r"\1 PID", why="the system numbers processes"),
    Mask(pattern=r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", becomes="UUID", why="drawn anew each time"),
    Mask(
        pattern=r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{12,64}\b",
        becomes="DIGEST",
        why="libraries and times are part of digests",
    ),
)


def masked(text: str) -> str:
    """The text with its masks applied, as a terminal leaves it: what a carriage return overwrote is gone."""
    lines = [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in text.split("\n")]
    text = "\n".join(lines).strip("\n")
    for mask in MASKS:
        text = re.sub(mask.pattern, mask.becomes, text)
    return text


def difference(told: str, printed: str) -> str | None:
    """None where what was printed is what the page tells; else both, compared line by line, masked."""
    expected, came = masked(told), masked(printed)
    if re.fullmatch(_pattern(expected), came + "\n"):
        return None
    lines = difflib.unified_diff(expected.splitlines(), came.splitlines(), "the page", "printed", lineterm="", n=2)
    return "\n".join(lines)


def _pattern(expected: str) -> str:
    parts = []
    for line in expected.split("\n"):
        if line.strip() == ANY_LINES:
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(r"[^\n]*?".join(re.escape(piece) for piece in line.split(ANY_TEXT)) + r"\n")
    return "".join(parts)
