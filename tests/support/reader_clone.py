"""A fresh clone as a reader has it, in a folder of its own; nothing else of the machine is touched."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chem_endpoints.local.address import FOLDER_VARIABLE, PORT_VARIABLE, environment, find_running, state_file
from chem_endpoints.local.server_process import free_port
from page_fences import ROOT

LINKED: Final = (".venv", "node_modules")
KEPT: Final = ("PATH", "LANG", "LC_ALL", "TERM", "SSL_CERT_FILE", "UV_FIND_LINKS", "PIP_FIND_LINKS")
"""What a page may see of the environment of whoever runs it; the rest is the reader's own."""
CLI: Final = (sys.executable, "-m", "chem_endpoints.cli")


@dataclass(frozen=True, kw_only=True)
class ReaderClone:
    """A clone that a page may write to, and the environment in which it is followed."""

    root: Path
    port: int
    """Where `chem-endpoints local up` listens in it, unless the page says otherwise."""
    variables: dict[str, str]

    def local_down(self) -> None:
        """Ends the local AWS that was started here, if one was."""
        if state_file(self.root).exists() and self.variables.get(FOLDER_VARIABLE) is None:
            subprocess.run([*CLI, "local", "down"], cwd=self.root, env=self.variables, check=False, capture_output=True)


def make_clone(folder: Path) -> Path:
    """Copies what git knows, and what is new and not ignored, as one commit on ``main``; the set-up is linked."""
    root = folder / "chem-endpoints"
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    # What `./setup.sh` would make is there: it must not install anything into what is linked.
    (root / "setup.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    author = ["-c", "user.name=reader", "-c", "user.email=reader@example.com"]
    outside = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "The clone"]):
        subprocess.run(["git", *author, *words], cwd=root, env=outside, check=True, capture_output=True)
    for name in LINKED:
        (root / name).symlink_to(ROOT / name)
    ignored = "".join(f"/{name}\n" for name in LINKED)  # .gitignore names folders, and these are links
    (root / ".git/info/exclude").write_text(ignored, encoding="utf-8")
    return root


def reader_environment(folder: Path, root: Path, port: int, *, ready: bool) -> dict[str, str]:
    """The environment of a reader who has nothing but a clone.

    Args:
        folder: where home and temporary files go.
        root: the clone.
        port: of the local AWS.
        ready: whether `.venv` is active; else the page does that itself.
    """
    for name in ("reader-home", "reader-tmp"):
        (folder / name).mkdir(exist_ok=True)
    variables = {name: os.environ[name] for name in KEPT if name in os.environ}
    variables |= {
        "HOME": str(folder / "reader-home"),
        "TMPDIR": str(folder / "reader-tmp"),
        "MPLCONFIGDIR": str(folder / "reader-tmp"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "PYTHONPATH": str(root),  # the clone's code, not that of the linked installation
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "120",
        PORT_VARIABLE: str(port),
    }
    if ready:
        variables["PATH"] = f"{root / '.venv/bin'}{os.pathsep}{variables['PATH']}"  # as `activate` does
    return variables


@contextmanager
def demonstrated(folder: Path) -> Iterator[ReaderClone]:
    """A clone whose `make demo` has run: logs-v1 and logs-async-v1 are up, and the shell leads there."""
    root = make_clone(folder)
    variables = reader_environment(folder, root, free_port(), ready=True)
    clone = ReaderClone(root=root, port=0, variables=variables)
    try:
        demo = subprocess.run([*CLI, "demo"], cwd=root, env=variables, capture_output=True, text=True, check=False)
        assert demo.returncode == 0, demo.stdout + demo.stderr
        running = find_running(root)
        assert running is not None
        led = environment(running.port, root, variables)
        yield ReaderClone(root=root, port=running.port, variables=led)
    finally:
        clone.local_down()
