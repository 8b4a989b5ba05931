"""Promise: answers of a real model are captured, judged, combined and drawn as the pages say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rdkit import Chem

import chem_endpoints.client.notebook.accessor  # noqa: F401 - registers frame.chem
from chem_endpoints.client.aws import AwsClients
from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.client.local_server import LocalServer
from chem_endpoints.client.local_transport import LocalTransport
from chem_endpoints.client.meta.endpoint import MetaEndpoint
from chem_endpoints.client.notebook.html import endpoint_html
from chem_endpoints.client.quality.captures import captures, store_capture
from chem_endpoints.client.quality.feedback import feedback
from chem_endpoints.client.quality.metrics import metrics
from chem_endpoints.wire.columns import PREDICTION_ERROR

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(int(pd.__version__.split(".")[0]) < 3, reason="the server of the image has pandas 3"),
]
ROWS = 80


@pytest.fixture(scope="module")
def endpoint(root: Path) -> Iterator[Endpoint]:
    """The example's model, served by the project's own server."""
    server = LocalServer(root / "examples/bundles/logs-v1.tar.gz", workers=1)
    try:
        end = Endpoint("logs-v1", clients=AwsClients(sagemaker=None, runtime=None, s3=None))
        end.__dict__.update(description=server.description, _transport=LocalTransport(server))
        yield end
    finally:
        server.stop()


@pytest.fixture(scope="module")
def frame(root: Path) -> pd.DataFrame:
    """Measured compounds, and one row that is none."""
    measured = pd.read_csv(root / "examples/data/solubility.csv").head(ROWS)
    measured.loc[3, "smiles"] = "not a smiles"
    return measured


def test_predictions_are_captured_and_judged(endpoint: Endpoint, frame: pd.DataFrame, tmp_path: Path) -> None:
    inferred = endpoint.infer(frame, progress=False)
    outputs = [output.name for output in endpoint.outputs]
    inputs, answers = inferred.frame[["smiles"]], inferred.frame[outputs]
    store_capture(endpoint, "first", inferred, inputs=inputs, answers=answers, folder=tmp_path)
    kept = captures(endpoint, name="first", folder=tmp_path)
    pd.testing.assert_frame_equal(kept[["smiles", *outputs]], inferred.frame[["smiles", *outputs]])
    assert set(kept["model_sha256"]) <= {endpoint.description.digest, ""}
    found = metrics(inferred.frame, target="log_s", by="in_training")
    assert found.figures["support"].sum() == ROWS - 1
    assert found.figures["failed"].sum() == 1
    told = feedback(endpoint, inferred.frame, target="log_s")
    assert told.rows["rows"] == ROWS
    assert told.rows["in_training"] == int((inferred.frame["in_training"] == True).sum())  # noqa: E712 - may be missing
    assert set(told.validated["among"]) >= {"random split"}


def test_two_endpoints_are_asked_as_one(endpoint: Endpoint, frame: pd.DataFrame) -> None:
    alone = endpoint.inference(frame, progress=False)
    nodes: dict[str, Any] = {"a": {"endpoint": "logs-v1"}, "b": {"endpoint": "logs-v1"}}
    nodes["both"] = {"combine": "inverse_variance_weighted", "inputs": ["a", "b"]}
    meta = MetaEndpoint(nodes, endpoints={"logs-v1": endpoint})
    out = meta.inference(frame, progress=False)
    assert out["prediction"].tolist() == pytest.approx(alone["prediction"].tolist(), nan_ok=True)
    assert out[PREDICTION_ERROR].tolist() == alone[PREDICTION_ERROR].tolist()
    assert out["parts_combined"].fillna(0).tolist() == [2 * (error == "") for error in alone[PREDICTION_ERROR]]
    assert out["smiles_used"].equals(alone["smiles_used"])
    assert out.attrs["report"]["nodes"]["a"]["rows"] == ROWS


def test_answers_are_drawn_and_written(endpoint: Endpoint, frame: pd.DataFrame, tmp_path: Path) -> None:
    out = endpoint.inference(frame.head(10), progress=False, explain=True)
    shown = str(out.chem.grid(columns=["name", "prediction"], sort="prediction"))
    assert shown.count("<img") == 9
    assert "invalid_smiles" in shown
    assert out.chem.to_sdf(tmp_path / "out.sdf", name="name") == 10
    written = list(Chem.SDMolSupplier(str(tmp_path / "out.sdf")))
    assert float(written[0].GetProp("prediction")) == out["prediction"].iloc[0]
    assert "log10(mol/L)" in endpoint_html(endpoint.description)
