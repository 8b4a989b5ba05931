"""The functions of Lambda: moto keeps their records, this runs them."""

import io
import logging
import shutil
import threading
import time
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.background import Background
from chem_endpoints.local.guard import Guard
from chem_endpoints.local.lambda_process import Function, Invocation, Outcome
from chem_endpoints.local.own_clients import OwnClients

_LOGGER = logging.getLogger(__name__)


class CannotRunError(Exception):
    """A function that the local AWS does not run; the message says why."""


class NoSuchFunctionError(Exception):
    """There is no function, or no version of it, with this name."""


class LambdaFunctions:
    """Runs functions; each invocation has a process of its own."""

    def __init__(self, clients: OwnClients, folder: Path) -> None:
        """
        Args:
            clients: of this local AWS; functions reach it at the same address.
            folder: for unpacked code and the files of running functions; emptied at the beginning and at the end.
        """
        self._clients, self._folder = clients, folder
        self._background = Background()
        self._guard: Guard | None = None
        self._lock = threading.Lock()
        shutil.rmtree(folder, ignore_errors=True)

    def stop(self) -> None:
        """Ends all functions that run."""
        self._background.stopping.set()
        with self._lock:
            if self._guard is not None:
                self._guard.close()
        self._background.end(5.0)
        shutil.rmtree(self._folder, ignore_errors=True)

    def find(self, name: str, region: str, qualifier: str | None = None) -> Function:
        """A function by its name or ARN, with its code unpacked.

        Raises:
            NoSuchFunctionError: there is none.
            CannotRunError: it is not written in Python, or comes as an image, with layers, or not as a zip file.
        """
        record = _record(name, region, qualifier)
        runtime = str(record.run_time or "")
        if record.package_type != "Zip" or not runtime.startswith("python"):
            kind = runtime or "container image"
            raise CannotRunError(f"Function {record.function_name} ({kind}): the local AWS runs Python functions only")
        if record.layers:
            raise CannotRunError(f"Function {record.function_name}: the local AWS runs no functions with layers")
        logging_config = getattr(record, "logging_config", None) or {}
        return Function(
            name=record.function_name,
            arn=record.function_arn,
            region=region,
            version=str(record.version),
            handler=record.handler,
            runtime=runtime,
            seconds=float(record.timeout),
            memory_mb=int(record.memory_size),
            variables={key: str(value) for key, value in record.environment_vars.items()},
            log_group=logging_config.get("LogGroup") or f"/aws/lambda/{record.function_name}",
            code=self._unpacked(record.code_sha_256, record.code_bytes),
        )

    def run(self, function: Function, event: bytes, request_id: str | None = None) -> Outcome:
        """Runs a function to its end."""
        stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}"
        invocation = Invocation(
            function=function,
            event=event,
            request_id=request_id or str(uuid.uuid4()),
            log_stream=stream,
            endpoint_url=self._clients.url,
            place=self._folder,
        )
        guard = self._started_guard()
        with self._logging(function):
            self._begin_log(function, stream)
        outcome = invocation.run(guard)
        with self._logging(function):
            self._keep_log(function, stream, outcome.log)
        return outcome

    def begin(self, function: Function, event: bytes, request_id: str) -> None:
        """Runs a function in the background; unlike AWS, one that fails is not run again."""
        self._background.begin(f"function {function.name}", lambda: self._run_unseen(function, event, request_id))

    def _run_unseen(self, function: Function, event: bytes, request_id: str) -> None:
        if self.run(function, event, request_id).failed:
            _LOGGER.warning("Function %s failed; its log group %s says why", function.name, function.log_group)

    def _started_guard(self) -> Guard:
        with self._lock:
            if self._background.stopping.is_set():
                raise CannotRunError("The local AWS ends")
            self._guard = self._guard or Guard()
            return self._guard

    def _unpacked(self, digest: str, packed: bytes) -> Path:
        folder = self._folder / digest.translate(str.maketrans("+/=", "-_."))
        with self._lock:
            if not folder.exists():
                draft = folder.with_name(f"{folder.name}.new")
                draft.mkdir(parents=True, exist_ok=True)
                try:
                    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
                        archive.extractall(draft)
                except zipfile.BadZipFile as error:
                    raise CannotRunError("The function's code is no zip file") from error
                draft.rename(folder)
        return folder

    @contextmanager
    def _logging(self, function: Function) -> Iterator[None]:
        """Without its log a function runs all the same: its log group may be deleted while it does."""
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            _LOGGER.warning("Log lines of function %s were lost: %s", function.name, type(error).__name__)

    def _begin_log(self, function: Function, stream: str) -> None:
        logs = self._clients("logs", function.region)
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=function.log_group)
        logs.create_log_stream(logGroupName=function.log_group, logStreamName=stream)

    def _keep_log(self, function: Function, stream: str, lines: tuple[str, ...]) -> None:
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines if line.strip()]
        self._clients("logs", function.region).put_log_events(
            logGroupName=function.log_group, logStreamName=stream, logEvents=events
        )


def _record(name: str, region: str, qualifier: str | None) -> Any:
    from moto.awslambda.exceptions import UnknownFunctionException
    from moto.awslambda.models import lambda_backends

    try:
        return lambda_backends[ACCOUNT][region].get_function(name, qualifier)
    except UnknownFunctionException as error:
        raise NoSuchFunctionError(str(error.message)) from error


@cache
def keep_logging_config() -> None:
    """moto 5.2.5 forgets a function's LoggingConfig: its lines would go to the wrong log group."""
    from moto.awslambda.models import LambdaFunction

    begin, update, show = LambdaFunction.__init__, LambdaFunction.update_configuration, LambdaFunction.get_configuration

    def begin_with_it(self: Any, account_id: str, spec: dict[str, Any], *others: Any, **named: Any) -> None:
        self.logging_config = spec.get("LoggingConfig")
        begin(self, account_id, spec, *others, **named)

    def update_it(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        self.logging_config = config_updates.get("LoggingConfig", self.logging_config)
        return update(self, config_updates)

    def show_it(self: Any, on_create: bool = False) -> dict[str, Any]:
        shown = show(self, on_create)
        default = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}"}
        return {**shown, "LoggingConfig": {**default, **(self.logging_config or {})}}

    mended: Any = LambdaFunction
    mended.__init__ = begin_with_it
    mended.update_configuration, mended.get_configuration = update_it, show_it
