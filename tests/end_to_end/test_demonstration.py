"""Promise: `make demo` shows on real processes what the product is for; what it deployed answers all callers alike."""

import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest
from botocore.exceptions import ClientError
from pandas.testing import assert_frame_equal

import solubility_columns
from chem_endpoints import Endpoint
from chem_endpoints.errors import EndpointNotFoundError, InvalidInputError, RequestRefusedError

pytestmark = pytest.mark.end_to_end
NAMES = ["logs-v1", "logs-async-v1"]
BROKEN = {0: "C1CC", 77: "not a molecule", 199: ""}
ADDED = list(solubility_columns.ADDED)
Connect = Callable[[str], Endpoint]


@pytest.fixture(scope="session")
def rows(root: Path) -> pd.DataFrame:
    """200 rows, three of them broken, the first among them; with an index and columns that must survive."""
    smiles = pd.read_csv(root / "examples/data/solubility.csv")["smiles"].tolist()
    frame = pd.DataFrame({"id": [f"{n:04d}" for n in range(200)], "smiles": (smiles + smiles)[:200]})
    for row, text in BROKEN.items():
        frame.loc[row, "smiles"] = text
    frame["batch"] = pd.array([None if n % 3 else n for n in range(200)], dtype="Int64")
    frame.index = pd.Index([n // 2 for n in range(200)], name="plate")
    return frame


@pytest.fixture
def expected(endpoint: Connect, rows: pd.DataFrame) -> pd.DataFrame:
    return endpoint("logs-v1").inference(rows)


def test_the_demonstration_says_what_it_did_and_how_far_to_trust_it(demonstration: Any) -> None:
    told = demonstration.output
    compounds = re.search(r"(\d+) of (\d+) measured values lie inside the 90 % interval", told)
    assert compounds is not None
    assert int(compounds[2]) >= 10
    for words in ("mg/mL", "log10(mol/L)", "scaffold split", "training mean", "fixed ESOL equation"):
        assert words in told
    assert re.search(r"typical error of about a factor of \d+", told)
    assert "This is a demonstration" in told
    scaled = re.findall(r"^ +(\d+) min later: (\d) -> (\d) instances \(alarm \S+-(\w+)\)$", told, re.MULTILINE)
    assert [step[1:] for step in scaled] == [("1", "0", "sleep"), ("0", "1", "wake"), ("1", "0", "sleep")]
    assert re.search(r"rows are submitted and wait in the queue: no process runs", told)
    assert "15 rows are answered as before" in told
    seconds = re.search(r"the same answers from both, ([\d.]+) s in all", told)
    assert seconds is not None  # its figure is judged by people, not asserted: machines differ


@pytest.mark.parametrize("name", NAMES)
def test_200_rows_with_3_broken_ones_come_back_in_order_by_few_requests(
    endpoint: Connect, rows: pd.DataFrame, expected: pd.DataFrame, name: str
) -> None:
    before = rows.copy(deep=True)
    out = endpoint(name).inference(rows)
    assert_frame_equal(rows, before)
    assert_frame_equal(out[rows.columns], before)
    assert out.columns.tolist() == [*rows.columns, *ADDED]
    assert out["prediction"].notna().sum() == 197
    failed = out["prediction_error"].reset_index(drop=True)
    assert failed[failed != ""].str.partition(":")[0].to_dict() == {
        0: "invalid_smiles",
        77: "invalid_smiles",
        199: "missing_value",
    }
    report = out.attrs["report"]
    assert (report["rows"], report["predicted"], report["retries"]) == (200, 197, 0)
    assert report["requests"] <= 6  # a first one that tells how fast the model is, and one for each place
    assert_frame_equal(out[ADDED], expected[ADDED])
    assert_frame_equal(endpoint(name).inference(rows, drop_error_rows=True), out[out["prediction_error"] == ""])


def read(answer: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(answer), dtype={"id": str, "prediction_error": str}, keep_default_na=False)


def assert_same_answers(answer: bytes, expected: pd.DataFrame) -> None:
    came = read(answer)
    assert came["id"].tolist() == expected["id"].tolist()
    assert came["prediction_error"].tolist() == expected["prediction_error"].tolist()
    numbers = pd.to_numeric(came["prediction"].replace("N/A", None)).tolist()
    assert pd.Series(numbers).equals(expected["prediction"].reset_index(drop=True))


def test_the_aws_cli_gets_the_same_answers_from_the_real_time_endpoint(
    demonstration: Any, rows: pd.DataFrame, expected: pd.DataFrame, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text(rows[["id", "smiles"]].to_csv(index=False))
    command = [
        "aws",
        "sagemaker-runtime",
        "invoke-endpoint",
        "--endpoint-name",
        "logs-v1",
        "--content-type",
        "text/csv",
    ]
    told = demonstration.run(*command, "--body", f"fileb://{tmp_path}/in.csv", str(tmp_path / "out.csv"))
    assert json.loads(told.stdout)["ContentType"] == "text/csv"
    assert_same_answers((tmp_path / "out.csv").read_bytes(), expected)


def test_the_aws_cli_gets_the_same_answers_from_the_async_endpoint(
    demonstration: Any, rows: pd.DataFrame, expected: pd.DataFrame, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text(rows[["id", "smiles"]].to_csv(index=False))
    demonstration.run("aws", "s3", "mb", "s3://by-hand")
    demonstration.run("aws", "s3", "cp", str(tmp_path / "in.csv"), "s3://by-hand/in.csv")
    command = ["aws", "sagemaker-runtime", "invoke-endpoint-async", "--endpoint-name", "logs-async-v1"]
    command += ["--content-type", "text/csv", "--input-location", "s3://by-hand/in.csv"]
    location = json.loads(demonstration.run(*command).stdout)["OutputLocation"]
    bucket, _, key = location.removeprefix("s3://").partition("/")
    demonstration.run("aws", "s3api", "wait", "object-exists", "--bucket", bucket, "--key", key)
    demonstration.run("aws", "s3", "cp", location, str(tmp_path / "out.csv"))
    assert_same_answers((tmp_path / "out.csv").read_bytes(), expected)


def test_curl_gets_the_same_answers(demonstration: Any, rows: pd.DataFrame, expected: pd.DataFrame) -> None:
    body = rows[["id", "smiles"]].to_csv(index=False).encode()
    url = f"{demonstration.url}/endpoints/logs-v1/invocations"
    command = ["curl", "-sS", "--fail", "-H", "Content-Type: text/csv", "--data-binary", "@-", url]
    assert_same_answers(demonstration.run(*command, stdin=body).stdout, expected)


def test_both_endpoints_run_as_declared(demonstration: Any) -> None:
    session = boto3.Session(
        aws_access_key_id="local", aws_secret_access_key="local", region_name=demonstration.variables["AWS_REGION"]
    )
    sagemaker = session.client("sagemaker", endpoint_url=demonstration.url)
    scaling = session.client("application-autoscaling", endpoint_url=demonstration.url)
    for name in NAMES:
        config = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
        described = sagemaker.describe_endpoint_config(EndpointConfigName=config)
        assert ("AsyncInferenceConfig" in described) == (name == "logs-async-v1")
        assert described.get("DataCaptureConfig", {}).get("EnableCapture", False) == (name == "logs-v1")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["ResourceId"].split("/")[1], target["MinCapacity"]) == ("logs-async-v1", 0)
    policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert {policy["PolicyType"] for policy in policies} == {"TargetTrackingScaling", "StepScaling"}


def test_a_smiles_and_a_list_are_enough(endpoint: Connect) -> None:
    end = endpoint("logs-v1")
    assert end.inference("CCO")["prediction"].notna().all()
    assert end.fast_inference(["CCO", "CCN"], threads=2)["smiles"].tolist() == ["CCO", "CCN"]
    assert end.inference([]).columns.tolist() == ["smiles", *ADDED]
    renamed = pd.DataFrame({"Structure": ["CCO"]})
    assert end.inference(renamed, smiles="Structure")["prediction"].notna().all()


def test_many_rows_are_cut_into_chunks_and_come_back_in_order(endpoint: Connect) -> None:
    smiles = ["C" * (1 + n % 30) for n in range(1100)]
    out = endpoint("logs-v1").inference(smiles, progress=True)
    assert 2 <= out.attrs["report"]["requests"] <= 20
    by_length = out.groupby("smiles")["prediction"].nunique()
    assert by_length.eq(1).all()  # the same row, the same answer, whichever chunk it was in
    assert out["smiles"].tolist() == smiles


def test_the_endpoint_tells_what_it_is(endpoint: Connect) -> None:
    end = endpoint("logs-v1")
    assert end.status() == "InService"
    assert [feature.name for feature in end.features] == ["smiles"]
    assert [output.name for output in end.outputs] == ADDED
    card = end.card()
    assert card["targets"][0]["unit"] == "log10(mol/L)"
    for words in ("compiled", "unbuffered", "intrinsic and apparent values mixed"):
        assert words in card["targets"][0]["description"]
    assert repr(end) == "Endpoint('logs-v1')"


def test_mistakes_are_told_before_anything_is_sent(endpoint: Connect) -> None:
    with pytest.raises(EndpointNotFoundError, match="there is no such endpoint here"):
        endpoint("logs-v9").inference("CCO")
    with pytest.raises(InvalidInputError, match=r"feature 'smiles' has no column \(nearest: smile\)"):
        endpoint("logs-v1").inference(pd.DataFrame({"smile": ["CCO"]}))
    with pytest.raises(InvalidInputError, match="one SMILES, a list of SMILES"):
        endpoint("logs-v1").inference([1, 2])  # type: ignore[list-item]


def test_a_request_of_the_wrong_kind_is_refused_as_aws_does(endpoint: Connect) -> None:
    from chem_endpoints.client.realtime import RealtimeTransport
    from chem_endpoints.client.retry import classify
    from chem_endpoints.client.steps import finish
    from chem_endpoints.client.transport import Invocation

    end = endpoint("logs-async-v1")
    transport = RealtimeTransport(end.name, end._clients)
    request = Invocation(body=b"smiles\nC\n", content_type="text/csv", accept="text/csv", attributes="return=all")
    with pytest.raises(ClientError) as refusal:
        finish(transport.invoke(request))
    assert isinstance(classify(refusal.value).error, RequestRefusedError)


def test_a_file_goes_through_the_command_line(demonstration: Any, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    told = demonstration.run(
        *(sys.executable, "-m", "chem_endpoints.cli", "predict", "logs-v1"),
        *("examples/data/solubility_unseen.csv", "--out", str(out)),
    )
    assert "14 of 14 rows predicted" in told.stdout.decode()
    assert (
        pd.read_csv(out)["name"].tolist() == pd.read_csv(root / "examples/data/solubility_unseen.csv")["name"].tolist()
    )


def test_local_run_leads_to_the_local_aws_and_nowhere_else(demonstration: Any) -> None:
    command = [sys.executable, "-m", "chem_endpoints.cli", "local", "run", "--", "aws", "sagemaker", "list-endpoints"]
    listed = json.loads(demonstration.run(*command).stdout)
    assert sorted(end["EndpointName"] for end in listed["Endpoints"]) == sorted(NAMES)
    status = demonstration.run(sys.executable, "-m", "chem_endpoints.cli", "local", "status").stdout.decode()
    assert "logs-v1: InService" in status


def test_local_run_says_in_one_line_that_nothing_is_up(root: Path, tmp_path: Path) -> None:
    started = time.monotonic()
    told = subprocess.run(
        [sys.executable, "-m", "chem_endpoints.cli", "local", "run", "--", "true"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(root)},
        timeout=30,
    )
    print(f"answered in {time.monotonic() - started:.2f} s")
    assert told.returncode == 1
    assert told.stderr.splitlines() == [
        "Error: the local AWS of this clone is not up. Start it: chem-endpoints local up --detach"
    ]


@pytest.mark.usefixtures("aws_environment")
def test_the_python_in_the_readme(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    (code,) = re.findall(r"^```python local\n(.*?)^```$", (root / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["out"]["prediction"].notna().tolist() == [True] * 14
