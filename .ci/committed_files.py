"""What no commit may hold: a large file, a table of structures outside its places, stray blanks, a left-over conflict.

    .venv/bin/python .ci/committed_files.py FILE ...

Exit status 1 with a line for each finding. pre-commit runs it; it needs the standard library alone.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

MOST_BYTES = 500_000
STRUCTURES = frozenset({".arrow", ".csv", ".feather", ".mol", ".mol2", ".parquet", ".sdf", ".smi", ".smiles", ".tsv"})
"""Endings of files that hold structures; a compressed one ends so too, before .gz."""

PUBLIC_TABLES = ("examples/data", "examples/notebooks", "model_scripts/chemistry")
"""Folders whose tables are public data with their source beside them."""

CONFLICT = re.compile(rb"^(<{7}|>{7}) ", re.MULTILINE)
BLANK_AT_END = re.compile(rb"[ \t]+\r?$", re.MULTILINE)
LINE_END = b"\n"
GENERATED = "__snapshots__"
"""Folders whose files are written by tests, blanks as they come."""


def findings(path: Path) -> Iterator[str]:
    """What is wrong with a file, in words.

    Args:
        path: from the root of the clone.
    """
    content = path.read_bytes()
    if len(content) > MOST_BYTES:
        yield f"{len(content):,} bytes; at most {MOST_BYTES:,}. Large files do not leave git's history"
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    inside = any(PurePosixPath(path.as_posix()).is_relative_to(folder) for folder in PUBLIC_TABLES)
    if suffixes[-1:] and suffixes[-1].lower() in STRUCTURES and not inside:
        yield f"a table of structures; public ones lie in {', '.join(PUBLIC_TABLES)}, others nowhere"
    if b"\0" in content or GENERATED in path.parts:
        return
    if CONFLICT.search(content):
        yield "a left-over conflict of a merge"
    if found := BLANK_AT_END.search(content):
        yield f"line {1 + content.count(LINE_END, 0, found.start())} ends with blanks"
    if content and not content.endswith(b"\n"):
        yield "no line end at the end of the file"


def main(names: Sequence[str]) -> int:
    """Looks at each file; returns the exit status."""
    found = [f"{name}: {told}" for name in names for path in [Path(name)] if path.is_file() for told in findings(path)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
