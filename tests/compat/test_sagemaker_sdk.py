"""Promise: `Predictor` and `AsyncPredictor` of AWS's `sagemaker` SDK 2.x work unmodified, in CSV and in JSON, and
get what our own client gets."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytestmark = [pytest.mark.compat, pytest.mark.end_to_end]

PYTHON = Path(__file__).parents[2] / ".venv-compat/bin/python"
SCRIPT = Path(__file__).with_name("sagemaker_client.py")
Agrees = Callable[[str, pd.DataFrame], None]


@pytest.fixture(scope="module")
def sdk(served: Any) -> dict[str, Any]:
    """What the SDK got. Whatever it would send elsewhere, a proxy hears of it and refuses."""
    if not PYTHON.exists():
        pytest.skip("the sagemaker SDK is not installed: run requirements/compat.sh")
    callers: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        threading.Thread(target=refuse_all, args=(proxy, callers), daemon=True).start()
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        elsewhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), address)
        result: dict[str, Any] = served.run(str(PYTHON), str(SCRIPT), **elsewhere)
        proxy.shutdown(socket.SHUT_RDWR)
    return {**result, "elsewhere": callers}


def refuse_all(proxy: socket.socket, callers: list[bytes]) -> None:
    while True:
        try:
            connection, _ = proxy.accept()
        except OSError:
            return
        with connection:
            callers.append(connection.recv(1024).split(b"\r\n")[0])


@pytest.mark.parametrize("form", ["csv", "pandas", "json"])
def test_a_predictor_gets_our_clients_rows(sdk: dict[str, Any], form: str, assert_agrees: Agrees) -> None:
    rows = sdk["sync"][form]
    table = pd.DataFrame(rows[1:], columns=rows[0]) if form == "csv" else pd.DataFrame(rows)
    assert_agrees("compat-realtime", table)


def test_a_predictor_reaches_an_inference_component(sdk: dict[str, Any], assert_agrees: Agrees) -> None:
    assert_agrees("compat-components", pd.DataFrame(sdk["sync"]["component"]))


def test_a_refusal_of_the_container_is_a_model_error(sdk: dict[str, Any]) -> None:
    assert sdk["refused"]["status"] == 422
    assert "smiles" in sdk["refused"]["message"]


@pytest.mark.parametrize("form", ["csv", "json", "later"])
def test_an_async_predictor_gets_our_clients_rows(sdk: dict[str, Any], form: str, assert_agrees: Agrees) -> None:
    assert_agrees("compat-async", pd.DataFrame(sdk["async"][form]))


def test_an_async_predictor_finds_the_failure_object(sdk: dict[str, Any]) -> None:
    assert "smiles" in sdk["async"]["failure"]


def test_the_sdk_calls_nobody_but_the_local_aws(sdk: dict[str, Any]) -> None:
    assert sdk["elsewhere"] == []
