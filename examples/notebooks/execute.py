"""Executes the notebook from its first cell to its last, and writes it with its outputs and the page that shows it.

python -m examples.notebooks.execute             after a change of the notebook or of what it shows
python -m examples.notebooks.execute --out FILE  the executed notebook there; nothing else is written
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

from examples.notebooks.page import write_page

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples" / "notebooks" / "solubility.ipynb"
PAGE = ROOT / "docs" / "notebooks" / "solubility.md"
IPC = Config(KernelManager={"transport": "ipc"})
"""The kernel is reached by sockets of this user, not by ports of the machine."""
CELL_SECONDS = 600
"""A cell that takes longer hangs."""
FOLDER_VARIABLES = (
    "IPYTHONDIR",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "MPLCONFIGDIR",
    "CHEM_ENDPOINTS_STATE",
)
"""Where Jupyter, matplotlib and the client would write into the user's home."""


def execute(notebook: Path) -> nbformat.NotebookNode:
    """The notebook with the outputs of a fresh kernel, which is this Python.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed; the message has its traceback.
    """
    read: nbformat.NotebookNode = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update({name: str(Path(folder) / name.lower()) for name in FOLDER_VARIABLES})
        os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # or the kernel warns on each start
        os.environ["TQDM_DISABLE"] = "1"  # a line of progress is for whoever waits, and tells times
        NotebookClient(
            read,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            config=IPC,
            resources={"metadata": {"path": str(ROOT)}},
        ).execute()
    read.metadata.language_info = {"name": "python"}  # the rest says which versions ran here
    return read


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the executed notebook there, and nothing else")
    out = parser.parse_args().out
    executed = execute(NOTEBOOK)
    nbformat.write(executed, out or NOTEBOOK)  # type: ignore[no-untyped-call]
    if out is None:
        write_page(executed, NOTEBOOK, PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
