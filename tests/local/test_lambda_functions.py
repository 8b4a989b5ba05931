"""Lambda's ``Invoke``: a Python function in a process of its own, with Lambda's errors."""

import base64
import io
import json
import os
import textwrap
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.address import ACCOUNT

Clients = Callable[[str], Any]
Made = Callable[..., str]


@pytest.fixture(scope="module")
def role(client: Clients) -> Iterator[str]:
    name = "functions"
    client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    yield f"arn:aws:iam::{ACCOUNT}:role/{name}"
    client("iam").delete_role(RoleName=name)


def packed(code: str) -> bytes:
    contents = io.BytesIO()
    with zipfile.ZipFile(contents, "w") as archive:
        archive.writestr("assay/app.py", textwrap.dedent(code))
    return contents.getvalue()


@pytest.fixture
def made(client: Clients, role: str) -> Iterator[Made]:
    """Makes functions."""
    names: list[str] = []

    def make(code: str, **more: Any) -> str:
        name = f"f-{uuid.uuid4().hex[:8]}"
        settings = {"Runtime": "python3.13", "Handler": "assay.app.handler", "Role": role, "Timeout": 20, **more}
        client("lambda").create_function(FunctionName=name, Code={"ZipFile": packed(code)}, **settings)
        names.append(name)
        return name

    yield make
    for name in names:
        client("lambda").delete_function(FunctionName=name)


def invoke(client: Clients, name: str, event: Any = None, **more: Any) -> tuple[Any, dict[str, Any]]:
    answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **more)
    return json.loads(answer["Payload"].read() or b"null"), answer


def lines(client: Clients, group: str) -> list[str]:
    """The lines of a log group, once the function has ended."""
    while True:
        found = client("logs").filter_log_events(logGroupName=group)["events"]
        if any(event["message"].startswith("REPORT") for event in found):
            return [event["message"] for event in found]
        time.sleep(0.05)


def test_a_function_gets_its_event_and_its_context(client: Clients, made: Made) -> None:
    name = made("""
        def handler(event, context):
            left = context.get_remaining_time_in_millis()
            return [event, context.function_name, context.invoked_function_arn, 0 < left <= 20000]
    """)
    value, answer = invoke(client, name, {"smiles": "CCO"})
    assert value == [{"smiles": "CCO"}, name, f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}", True]
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer


def test_a_function_reaches_this_local_aws_and_knows_nothing_of_its_user(
    client: Clients, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = made(
        """
        import os, boto3
        def handler(event, context):
            return [dict(os.environ), boto3.client("sts").get_caller_identity()["Account"]]
        """,
        Environment={"Variables": {"BASELINE": "42"}},
    )
    (variables, account), _ = invoke(client, name)
    assert account == ACCOUNT
    assert variables["BASELINE"] == "42"
    assert variables["AWS_ACCESS_KEY_ID"] == "local"
    assert variables["HOME"] != os.environ["HOME"]
    users_own = {name for name in os.environ if name not in ("PATH", "LANG", "HOME", "TZ", "PWD", "LC_CTYPE")}
    assert not {
        name for name in users_own & set(variables) if not name.startswith("AWS_") and name.upper() != "NO_PROXY"
    }


def test_what_a_function_prints_and_logs_goes_to_its_log_group(client: Clients, made: Made) -> None:
    name = made("""
        import logging
        logging.getLogger().setLevel("INFO")
        def handler(event, context):
            print("printed")
            logging.getLogger(__name__).info("logged")
    """)
    _, answer = invoke(client, name, LogType="Tail")
    found = lines(client, f"/aws/lambda/{name}")
    assert "printed" in found
    assert any(line.startswith("[INFO]\t") and line.endswith("\tlogged") for line in found)
    assert found[0].startswith("START RequestId: ")
    assert "printed" in base64.b64decode(answer["LogResult"]).decode()


def test_a_function_may_name_another_log_group(client: Clients, made: Made) -> None:
    group = f"/chosen/{uuid.uuid4()}"
    name = made("def handler(event, context): print('here')", LoggingConfig={"LogGroup": group})
    invoke(client, name)
    assert "here" in lines(client, group)


@pytest.mark.parametrize(
    ("code", "handler", "kind", "message"),
    [
        pytest.param(
            "def handler(event, context): raise KeyError('solvent')",
            "assay.app.handler",
            "KeyError",
            "'solvent'",
            id="raises",
        ),
        pytest.param(
            "import no_such_module",
            "assay.app.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'assay.app': No module named 'no_such_module'",
            id="import",
        ),
        pytest.param(
            "",
            "assay.app.handler",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'assay.app'",
            id="no-handler",
        ),
        pytest.param(
            "def handler(event, context): return {1, 2}",
            "assay.app.handler",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
            id="no-json",
        ),
        pytest.param(
            "import os\ndef handler(event, context): os._exit(3)",
            "assay.app.handler",
            "Runtime.ExitError",
            "Runtime exited with error: exit status 3",
            id="exits",
        ),
        pytest.param(
            "import time\ndef handler(event, context): time.sleep(60)",
            "assay.app.handler",
            "Sandbox.Timedout",
            "Task timed out after 1.00 seconds",
            id="too-slow",
        ),
    ],
)
def test_a_function_that_fails_answers_as_lambda_does(
    client: Clients, made: Made, code: str, handler: str, kind: str, message: str
) -> None:
    name = made(code, Handler=handler, Timeout=1 if kind == "Sandbox.Timedout" else 20)
    value, answer = invoke(client, name)
    assert answer["FunctionError"] == "Unhandled"
    assert value["errorType"] == kind
    assert message in value["errorMessage"]


def test_an_event_is_answered_before_the_function_has_run(client: Clients, made: Made) -> None:
    bucket = f"later-{uuid.uuid4().hex[:8]}"
    client("s3").create_bucket(Bucket=bucket)
    name = made(f"""
        import boto3
        def handler(event, context):
            boto3.client("s3").put_object(Bucket="{bucket}", Key="done", Body=b"")
    """)
    answer = client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    waiter = client("s3").get_waiter("object_exists")
    waiter.wait(Bucket=bucket, Key="done", WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_new_code_runs_at_the_next_call(client: Clients, made: Made) -> None:
    name = made("def handler(event, context): return 1")
    assert invoke(client, name)[0] == 1
    client("lambda").update_function_code(FunctionName=name, ZipFile=packed("def handler(event, context): return 2"))
    assert invoke(client, name)[0] == 2


def test_calls_that_lambda_refuses_are_refused(client: Clients, made: Made, role: str) -> None:
    with pytest.raises(ClientError, match="Function not found") as missing:
        invoke(client, "no-such-function")
    assert missing.value.response["Error"]["Code"] == "ResourceNotFoundException"
    name = made("def handler(event, context): pass")
    with pytest.raises(ClientError, match="Could not parse request body into json"):
        client("lambda").invoke(FunctionName=name, Payload=b"{")
    client("lambda").update_function_code(FunctionName=name, ZipFile=b"no zip file")
    with pytest.raises(ClientError, match="The function's code is no zip file"):
        invoke(client, name)
    node = made("", Runtime="nodejs22.x")
    with pytest.raises(ClientError, match="the local AWS runs Python functions only"):
        invoke(client, node)


def test_a_running_function_ends_with_the_local_aws(own_aws: Any) -> None:
    client = own_aws.client
    client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    client("s3").create_bucket(Bucket="begun")
    code = """
        import boto3, time
        def handler(event, context):
            boto3.client("s3").put_object(Bucket="begun", Key="begun", Body=b"")
            time.sleep(600)
    """
    settings = {"Runtime": "python3.13", "Handler": "assay.app.handler", "Role": f"arn:aws:iam::{ACCOUNT}:role/r"}
    client("lambda").create_function(FunctionName="f", Code={"ZipFile": packed(code)}, Timeout=900, **settings)
    client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload=b"{}")["Payload"].read()
    waiter = client("s3").get_waiter("object_exists")
    waiter.wait(Bucket="begun", Key="begun", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert functions_of(own_aws.folder)
    assert own_aws.stop() == 0
    assert not functions_of(own_aws.folder)
    assert not (own_aws.folder / ".local-aws" / "functions").exists()


def functions_of(folder: Path) -> list[str]:
    """The processes whose code lies in a local AWS's folder (Linux)."""
    mark = f"LAMBDA_TASK_ROOT={folder}".encode()
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in place.read_bytes():
                found.append(place.parent.name)
    return found
