"""Runs a Python function as Lambda does: a process with an environment of its own and a time limit.

Not as Lambda does: every invocation has a fresh process of *our* Python, whichever ``python3.x`` the function names;
its memory is not limited, and no role limits what it may do.

Source: "Using Lambda environment variables", "Troubleshoot execution issues in Lambda" (Lambda developer guide).
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chem_endpoints.local.guard import Guard

_BOOTSTRAP = Path(__file__).with_name("lambda_bootstrap.py")
_KEPT_LOG_BYTES = 1 << 20
_NOTHING_OF_AWS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "*",
    "no_proxy": "*",
}


@dataclass(frozen=True, kw_only=True)
class Function:
    """A version of a function, as far as running it goes."""

    name: str
    arn: str
    region: str
    version: str
    handler: str
    runtime: str
    seconds: float
    """Time limit of one invocation."""
    memory_mb: int
    variables: Mapping[str, str]
    log_group: str
    code: Path
    """Folder with the unpacked code."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one invocation ended."""

    payload: bytes
    failed: bool
    log: tuple[str, ...]
    """What the function printed, a line each, between Lambda's own lines."""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One run of a function."""

    function: Function
    event: bytes
    request_id: str
    log_stream: str
    endpoint_url: str
    """Where the function's own AWS clients go."""
    place: Path
    """Folder for the files of the run, which go with it."""

    def run(self, guard: Guard) -> Outcome:
        """Runs the function to its end, or to its time limit.

        Args:
            guard: ends the process if the local AWS is killed.
        """
        with tempfile.TemporaryDirectory(dir=self.place) as name:
            folder = Path(name)
            (folder / "event.json").write_bytes(self.event or b"{}")
            (folder / "tmp").mkdir()
            begun = time.monotonic()
            code = self._run_process(folder, guard)
            return self._outcome(folder, code, time.monotonic() - begun)

    def _run_process(self, folder: Path, guard: Guard) -> int | None:
        """The exit code; None when the time is up."""
        deadline = time.time() + self.function.seconds
        command = [sys.executable, "-P", str(_BOOTSTRAP), str(folder / "result.json"), str(int(deadline * 1000))]
        with (folder / "event.json").open("rb") as event, (folder / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=self.function.code,
                env=self._environment(folder / "tmp"),
                stdin=event,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        guard.started(process.pid)
        try:
            return process.wait(self.function.seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end_group(process)
            guard.ended(process.pid)

    def _environment(self, temporary: Path) -> dict[str, str]:
        function = self.function
        return {
            "PATH": os.defpath,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
            **function.variables,
            **_NOTHING_OF_AWS,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
            "LAMBDA_TASK_ROOT": str(function.code),
            "_HANDLER": function.handler,
            "_REQUEST_ID": self.request_id,
            "_FUNCTION_ARN": function.arn,
        }

    def _outcome(self, folder: Path, code: int | None, seconds: float) -> Outcome:
        result = folder / "result.json"
        kept: dict[str, Any] = json.loads(result.read_text(encoding="utf-8")) if code == 0 and result.exists() else {}
        payload, failed = kept.get("payload"), kept.get("error", True)
        if payload is None:
            payload = json.dumps(self._died(code))
        printed = (folder / "log.txt").read_bytes()[-_KEPT_LOG_BYTES:].decode(errors="replace").splitlines()
        if code != 0:
            printed.append(json.loads(payload)["errorMessage"])
        return Outcome(payload=payload.encode(), failed=failed, log=self._with_lambdas_lines(printed, seconds))

    def _died(self, code: int | None) -> dict[str, str]:
        if code is None:
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
            words = f"{now}Z {self.request_id} Task timed out after {self.function.seconds:.2f} seconds"
            return {"errorType": "Sandbox.Timedout", "errorMessage": words}
        how = f"signal: {signal.strsignal(-code)}" if code < 0 else f"exit status {code}"
        words = f"RequestId: {self.request_id} Error: Runtime exited with error: {how}"
        return {"errorType": "Runtime.ExitError", "errorMessage": words}

    def _with_lambdas_lines(self, printed: list[str], seconds: float) -> tuple[str, ...]:
        begin = f"START RequestId: {self.request_id} Version: {self.function.version}"
        report = f"REPORT RequestId: {self.request_id}\tDuration: {1000 * seconds:.2f} ms"
        return (begin, *printed, f"END RequestId: {self.request_id}", report)


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """Ends what the function started, too."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
