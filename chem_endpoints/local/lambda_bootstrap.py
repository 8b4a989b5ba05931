"""What runs in a function's own process: imports the handler, calls it, keeps what it returns.

Called as ``lambda_bootstrap.py RESULT_FILE DEADLINE_MS``, with the event on standard input. It stands in for AWS's
``awslambdaric``: the standard library alone, for the process has nothing of this project on its path.

Source: "Define Lambda function handler in Python", "AWS Lambda context object in Python" (Lambda developer guide).
"""

import importlib
import json
import logging
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any


class RuntimeFaultError(Exception):
    """The runtime itself cannot go on; ``kind`` is Lambda's name for it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Context:
    """The handler's second argument."""

    def __init__(self, deadline_ms: int) -> None:
        self._deadline_ms = deadline_ms
        self.aws_request_id = os.environ["_REQUEST_ID"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.invoked_function_arn = os.environ["_FUNCTION_ARN"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the function."""
        return max(0, self._deadline_ms - int(time.time() * 1000))


def _log_as_lambda_does(request_id: str) -> None:
    handler = logging.StreamHandler(sys.stdout)
    layout = f"[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t{request_id}\t%(message)s"
    formatter = logging.Formatter(layout, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)


def _handler(name: str) -> Any:
    module_name, _, function_name = name.replace("/", ".").rpartition(".")
    if not module_name:
        raise RuntimeFaultError("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise RuntimeFaultError("Runtime.ImportModuleError", message) from error
    if not hasattr(module, function_name):
        raise RuntimeFaultError(
            "Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'"
        )
    return getattr(module, function_name)


def _answer(event: Any, context: Context) -> str:
    value = _handler(os.environ["_HANDLER"])(event, context)
    try:
        return json.dumps(value)
    except (TypeError, ValueError) as error:
        raise RuntimeFaultError("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def _error(error: BaseException, request_id: str) -> str:
    kind = error.kind if isinstance(error, RuntimeFaultError) else type(error).__name__
    trace = [] if isinstance(error, RuntimeFaultError) else traceback.format_tb(error.__traceback__)[2:]
    content = {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}
    print(f"[ERROR] {kind}: {error}\nTraceback (most recent call last):\n{''.join(trace)}", flush=True)
    return json.dumps(content)


def main() -> None:
    """Runs one invocation."""
    result, deadline_ms = Path(sys.argv[1]), int(sys.argv[2])
    request_id = os.environ["_REQUEST_ID"]
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    _log_as_lambda_does(request_id)
    context = Context(deadline_ms)
    try:
        kept = {"error": False, "payload": _answer(json.load(sys.stdin), context)}
    except Exception as error:  # noqa: BLE001 - whatever a function raises is its answer
        kept = {"error": True, "payload": _error(error, request_id)}
    result.write_text(json.dumps(kept), encoding="utf-8")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
