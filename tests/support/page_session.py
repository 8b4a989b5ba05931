"""One shell and one Python, as a reader keeps both open while following a page."""

import json
import os
import select
import shlex
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

STEP_SECONDS: Final = 900
"""A fence that takes longer has hung."""
OPENS_PYTHON: Final = "python"
"""A fence of the shell whose last word this is opens the Python in which those of the page's Python go on."""

_SHELL: Final = r"""
exec 3>&1
set -Eeuo pipefail
step() {
  trap 'failed=$?; printf "%s\t%s\n" "$LINENO" "$failed" >"$2.failed"' ERR
  source "$2" >"$2.out" 2>&1 </dev/null
  trap - ERR
  env -0 >"$1"
  pwd >"$1.folder"
  echo done >&3
}
"""
# Each statement is run as the interactive interpreter runs it: the value of an expression is printed.
_PYTHON: Final = r"""
import ast, json, os, sys, traceback
names = {"__name__": "__main__", "__builtins__": __builtins__}
answers = os.fdopen(os.dup(1), "w")
sys.path.insert(0, "")
sys.argv = [""]
for asked in os.fdopen(os.dup(0)):
    step = json.loads(asked)
    out = os.open(step["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number in (1, 2):
        os.dup2(out, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    failed = None
    try:
        for statement in ast.parse("\n" * step["line"] + step["code"], step["page"]).body:
            exec(compile(ast.Interactive([statement]), step["page"], "single"), names)
    except BaseException as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == step["page"]]
        failed = (frames[-1].lineno if frames else step["line"])
        traceback.print_exc()
    sys.stdout.flush(), sys.stderr.flush()
    print(json.dumps({"failed": failed}), file=answers, flush=True)
"""


@dataclass(frozen=True, kw_only=True)
class Printed:
    """What a fence printed, both streams as a terminal shows them, and the line of the page that failed."""

    text: str
    failed: int | None


class Session:
    """A reader's terminal; use it as a context, which ends what it started."""

    def __init__(self, *, folder: Path, clone: Path, variables: Mapping[str, str]) -> None:
        """
        Args:
            folder: where scripts and outputs of the steps go.
            clone: where the reader is.
            variables: the environment.
        """
        self._folder, self._clone = folder, clone
        self._folder.mkdir(parents=True, exist_ok=True)
        self._variables_file = folder / "variables"
        self._variables_file.write_bytes(b"".join(f"{name}={value}\0".encode() for name, value in variables.items()))
        (folder / "variables.folder").write_text(f"{clone}\n")
        command = ["bash", "--noprofile", "--norc"]
        self._shell = self._start(command, cwd=clone, variables=variables)
        _input(self._shell).write(_SHELL.encode())
        self._python: subprocess.Popen[bytes] | None = None
        self._opened_by = OPENS_PYTHON
        self._steps = 0

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self._python, self._shell):
            if process is not None:
                self._end(process)

    def bash(self, code: str, line: int) -> Printed:
        """Runs a fence of the shell; its variables, functions and folder stay for the next ones."""
        *before, last = code.rstrip("\n").split("\n")
        if last.split()[-1:] == [OPENS_PYTHON]:
            self._close_python()
            self._opened_by = last
            code = "\n".join(before)
        script = self._script(code)
        _input(self._shell).write(
            f"step {shlex.quote(str(self._variables_file))} {shlex.quote(str(script))}\n".encode()
        )
        _input(self._shell).flush()
        ended = self._answer(self._shell)
        out = script.with_name(f"{script.name}.out")
        text = out.read_text(errors="replace") if out.exists() else ""
        if ended.strip() == b"done":
            return Printed(text=text, failed=None)
        told = script.with_name(f"{script.name}.failed")
        within = int(told.read_text().split()[0]) if told.exists() else 1
        return Printed(text=text, failed=line + within)

    def python(self, page: str, code: str, line: int) -> Printed:
        """Runs a fence of Python; names stay for the next ones."""
        if self._python is None:
            self._python = self._open_python()
        out = self._script(code)
        asked = {"page": page, "code": code, "line": line, "out": str(out)}
        _input(self._python).write(f"{json.dumps(asked)}\n".encode())
        _input(self._python).flush()
        answer = self._answer(self._python)
        text = out.read_text(errors="replace")
        if not answer:
            return Printed(text=f"{text}Python ended with status {self._python.wait()}", failed=line)
        return Printed(text=text, failed=json.loads(answer)["failed"])

    def _open_python(self) -> "subprocess.Popen[bytes]":
        exported = dict(
            part.split("=", 1) for part in self._variables_file.read_bytes().decode().split("\0") if "=" in part
        )
        driver = self._folder / "python_driver.py"
        driver.write_text(_PYTHON)
        command = ["bash", "-c", f"{self._opened_by} -u -P {shlex.quote(str(driver))}"]
        where = Path((self._folder / "variables.folder").read_text().rstrip("\n"))
        return self._start(command, cwd=where, variables=exported)

    def _close_python(self) -> None:
        if self._python is not None:
            self._end(self._python)
            self._python = None

    def _script(self, code: str) -> Path:
        self._steps += 1
        script = self._folder / f"step-{self._steps}"
        script.write_text(f"{code}\n")
        return script

    @staticmethod
    def _start(command: list[str], *, cwd: Path, variables: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )

    @staticmethod
    def _answer(process: "subprocess.Popen[bytes]") -> bytes:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], STEP_SECONDS)
        return process.stdout.readline() if ready else b""

    @staticmethod
    def _end(process: "subprocess.Popen[bytes]") -> None:
        """As a reader does by Ctrl-D; then what still lives of its session is ended."""
        _input(process).close()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _input(process: "subprocess.Popen[bytes]") -> IO[Any]:
    assert process.stdin is not None
    return process.stdin
