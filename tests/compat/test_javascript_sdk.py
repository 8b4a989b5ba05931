"""Promise: the AWS SDK for JavaScript v3 works unmodified: its answers, types of errors and streams."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from chem_endpoints.cli.clone import tool_path

pytestmark = [pytest.mark.compat, pytest.mark.end_to_end]

SCRIPT = Path(__file__).with_name("javascript_client.cjs")
PACKAGES = ("client-s3", "client-sagemaker-runtime")
Agrees = Callable[[str, pd.DataFrame], None]


@pytest.fixture(scope="module")
def sdk(served: Any, root: Path) -> dict[str, Any]:
    """What the SDK got."""
    for package in PACKAGES:
        if not (root / "node_modules/@aws-sdk" / package).is_dir():
            pytest.skip(f"@aws-sdk/{package} is not installed: run ./setup.sh")
    node = shutil.which("node", path=tool_path(root, ""))
    if node is None:
        pytest.skip("Node.js is not installed: run ./setup.sh")
    result: dict[str, Any] = served.run(node, str(SCRIPT))
    return result


def test_csv_comes_back_as_our_client_gets_it(sdk: dict[str, Any], assert_agrees: Agrees) -> None:
    assert (sdk["sync"]["contentType"], sdk["sync"]["variant"]) == ("text/csv", "AllTraffic")
    assert_agrees("compat-realtime", pd.read_csv(io.StringIO(sdk["sync"]["csv"])))


def test_json_comes_back_as_our_client_gets_it(sdk: dict[str, Any], assert_agrees: Agrees) -> None:
    assert_agrees("compat-realtime", pd.DataFrame(sdk["sync"]["json"]))


def test_an_inference_component_is_reached(sdk: dict[str, Any], assert_agrees: Agrees) -> None:
    assert_agrees("compat-components", pd.DataFrame(sdk["sync"]["component"]))


def test_a_refusal_of_the_container_is_a_typed_model_error(sdk: dict[str, Any]) -> None:
    refused = sdk["refused"]
    assert (refused["typed"], refused["name"]) == (True, "ModelError")
    assert (refused["answered"], refused["status"]) == (424, 422)
    assert "smiles" in refused["message"]


def test_an_unknown_endpoint_is_a_validation_error(sdk: dict[str, Any]) -> None:
    assert sdk["unknown"]["name"] == "ValidationError"
    assert "no-such-endpoint" in sdk["unknown"]["message"]


def test_a_stream_brings_every_row(sdk: dict[str, Any], assert_agrees: Agrees) -> None:
    assert sdk["stream"]["contentType"] == "application/jsonlines"
    assert sdk["stream"]["parts"] >= 1
    assert_agrees("compat-realtime", pd.DataFrame(sdk["stream"]["rows"]))


def test_an_async_answer_is_waited_for_in_s3(sdk: dict[str, Any], assert_agrees: Agrees) -> None:
    assert sdk["async"]["waited"] == "SUCCESS"
    assert_agrees("compat-async", pd.DataFrame(sdk["async"]["rows"]))
