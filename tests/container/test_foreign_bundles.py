"""Promise: a bundle of Workbench or a SageMaker toolkit is served as it is, or refused with the reason at start."""

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chem_endpoints.wire.bundle import BundleError
from container.server.foreign_bundle import Layout, read_foreign_bundle
from container.server.loading import LoadedModel, LoadFailure, load_model
from container.server.settings import Settings
from foreign_bundles import (
    FEATURES,
    MODEL,
    TOOLKIT_SCRIPT,
    WORKBENCH_SCRIPT,
    restoring_imports,
    toolkit_bundle,
    workbench_bundle,
    write_files,
)

Start = Callable[..., Any]
HEADERLESS = "".join(",".join(map(str, row)) + "\n" for row in FEATURES.tolist())
PREDICTED = MODEL.predict(FEATURES)


@pytest.fixture(autouse=True)
def imports_restored(tmp_path: Path) -> Iterator[None]:
    with restoring_imports(tmp_path):
        yield


def loaded(folder: Path, **settings: Any) -> LoadedModel:
    outcome = load_model(Settings(model_dir=folder, **settings))
    assert isinstance(outcome, LoadedModel), outcome
    return outcome


def refusal(folder: Path, **settings: Any) -> str:
    outcome = load_model(Settings(model_dir=folder, **settings))
    assert isinstance(outcome, LoadFailure)
    return outcome.message


def test_a_workbench_bundle_loads_with_permission_to_read_its_pickle(tmp_path: Path) -> None:
    model = loaded(workbench_bundle(tmp_path), allow_pickle=True)
    assert model.manifest is None
    assert model.whole_body
    assert model.digest == read_foreign_bundle(tmp_path).digest
    assert read_foreign_bundle(tmp_path).feature_columns == ("LogP", "TPSA")


def test_its_pickle_is_refused_by_name_without_permission(tmp_path: Path) -> None:
    told = refusal(workbench_bundle(tmp_path))
    assert "'model.joblib', a pickle" in told
    assert "CHEM_ENDPOINTS_ALLOW_PICKLE=1" in told


def test_the_metadata_may_name_the_script_without_its_suffix(tmp_path: Path) -> None:
    bundle = read_foreign_bundle(workbench_bundle(tmp_path, inference_script="linear_model"))
    assert (bundle.layout, bundle.script) == (Layout.WORKBENCH, tmp_path / "linear_model.py")


@pytest.mark.parametrize("function", ["model_fn", "input_fn", "predict_fn", "output_fn"])
def test_a_workbench_script_must_define_all_four_functions(tmp_path: Path, function: str) -> None:
    script = WORKBENCH_SCRIPT.replace(f"def {function}(", f"def other_{function}(")
    assert f"lacks {function};" in refusal(workbench_bundle(tmp_path, script=script), allow_pickle=True)


def test_a_toolkit_bundle_loads_without_any_permission(tmp_path: Path) -> None:
    model = loaded(toolkit_bundle(tmp_path))
    assert model.script.predict_fn(FEATURES, model.model).tolist() == pytest.approx(PREDICTED.tolist())  # type: ignore[arg-type, attr-defined]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"model.bin": "x"}, "holds no manifest.json, no inference-metadata.json and no code/inference.py"),
        ({"inference-metadata.json": "{"}, "inference-metadata.json: is not JSON"),
        ({"inference-metadata.json": "[]"}, "inference-metadata.json: must be an object"),
        ({"inference-metadata.json": '{"inference_script": 3}'}, "inference-metadata.json: must be an object"),
        ({"inference-metadata.json": '{"inference_script": "no"}'}, "the bundle holds no no.py"),
        ({"inference-metadata.json": '{"inference_script": "../a.py"}'}, "'../a.py' is outside the bundle"),
        (
            {"inference-metadata.json": '{"inference_script": "/elsewhere/a.py"}'},
            "'/elsewhere/a.py' is outside the bundle",
        ),
        (
            {"inference-metadata.json": '{"inference_script": "a"}', "a.py": "", "feature_columns.json": '{"a": 1}'},
            "feature_columns.json: must be a list",
        ),
    ],
)
def test_what_is_no_bundle_is_told(tmp_path: Path, files: dict[str, str], told: str) -> None:
    assert told in refusal(write_files(tmp_path, files))


def test_a_link_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    write_files(tmp_path, {"outside.py": TOOLKIT_SCRIPT})
    folder = write_files(tmp_path / "model", {"inference-metadata.json": '{"inference_script": "inside.py"}'})
    (folder / "inside.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(BundleError, match=r"inside.py: refused\. .* no links"):
        read_foreign_bundle(folder)


@pytest.mark.parametrize("name", ["requirements.txt", "code/requirements.txt"])
def test_requirements_that_this_image_lacks_are_all_named(tmp_path: Path, name: str) -> None:
    told = refusal(toolkit_bundle(tmp_path, **{name: "numpy==0.1\nno-such-library\npandas\n"}))
    assert "numpy 2" in told
    assert "==0.1 is required; no-such-library is not installed. Nothing is installed at start" in told


def test_the_digest_is_that_of_sorted_sha256_lines(tmp_path: Path) -> None:
    folder = write_files(tmp_path, {"code/inference.py": "a", "B.txt": "b", "a/ä.txt": "c"})
    names = ["B.txt", "a/ä.txt", "code/inference.py"]
    lines = "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    assert read_foreign_bundle(folder).digest == hashlib.sha256(lines.encode()).hexdigest()
    by_tools = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
    told = subprocess.run(["bash", "-c", by_tools], cwd=folder, check=True, capture_output=True, text=True).stdout
    assert told.split()[0] == read_foreign_bundle(folder).digest


def test_a_changed_file_is_another_model(tmp_path: Path) -> None:
    declared = read_foreign_bundle(toolkit_bundle(tmp_path)).digest
    assert loaded(tmp_path, model_sha256=declared).digest == declared
    (tmp_path / "line.json").write_text(json.dumps({"coefficients": [0, 0], "intercept": 0}))
    assert f"but the declaration says {declared}" in refusal(tmp_path, model_sha256=declared)


def test_loading_leaves_the_folder_as_it_was(tmp_path: Path, start_server: Start) -> None:
    folder = workbench_bundle(tmp_path / "model")
    declared = read_foreign_bundle(folder).digest
    start_server(folder, CHEM_ENDPOINTS_ALLOW_PICKLE="1", CHEM_ENDPOINTS_MODEL_SHA256=declared)
    assert read_foreign_bundle(folder).digest == declared


def test_the_server_refuses_a_pickle_and_says_how_to_permit_it(tmp_path: Path, start_server: Start) -> None:
    server = start_server(workbench_bundle(tmp_path / "model"), ready=False)
    assert server.process.wait(timeout=60) == 1
    (event,) = [event for event in server.events if event["event"] == "start_refused"]
    assert "'model.joblib', a pickle" in event["reason"]


def test_workbench_requests_are_answered_as_its_own_server_does(tmp_path: Path, start_server: Start) -> None:
    server = start_server(workbench_bundle(tmp_path / "model"), CHEM_ENDPOINTS_ALLOW_PICKLE="1")
    rows = "id,logp,TPSA\n" + "".join(f"m{row},{a},{b}\n" for row, (a, b) in enumerate(FEATURES.tolist()))
    answer = server.post(rows)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv")
    header, *lines = answer.text.splitlines()
    assert header == "id,logp,TPSA,prediction,prediction_error"
    assert [float(line.split(",")[3]) for line in lines] == pytest.approx(PREDICTED.tolist(), rel=1e-12)

    records = [{"LogP": 1.0, "tpsa": 0.5}]
    answer = server.post(json.dumps(records), "application/json")
    assert answer.json()[0]["prediction"] == pytest.approx(MODEL.predict([[1.0, 0.5]])[0])

    assert server.post("id,TPSA\na,1\n").status_code == 422
    assert server.post("{", "application/json").status_code == 400
    assert server.post(b"\x93NUMPY", "application/x-npy").status_code == 415
    assert server.post(rows, Accept="image/png").status_code == 406
    assert "CANARY" not in server.log_path.read_text()


def test_a_workbench_row_that_raises_comes_back_with_its_reason(tmp_path: Path, start_server: Start) -> None:
    server = start_server(workbench_bundle(tmp_path / "model"), CHEM_ENDPOINTS_ALLOW_PICKLE="1")
    answer = server.post("id,LogP,TPSA\na,0,1\nb,CANARY,1\nc,1,0.5\n", Accept="application/json")
    good, bad, _ = answer.json()
    assert good["prediction"] == pytest.approx(PREDICTED[0])
    assert (bad["id"], bad["LogP"], bad["prediction"]) == ("b", "CANARY", None)
    assert bad["prediction_error"] == "prediction_failed: the model raised ValueError"
    assert "CANARY" not in server.log_path.read_text()


def test_a_strict_caller_of_a_workbench_bundle_is_told_which_row(tmp_path: Path, start_server: Start) -> None:
    server = start_server(workbench_bundle(tmp_path / "model"), CHEM_ENDPOINTS_ALLOW_PICKLE="1")
    answer = server.post("id,LogP,TPSA\na,0,1\nb,CANARY,1\nc,1,0.5\n", X_Amzn_SageMaker_Custom_Attributes="strict=true")
    assert answer.status_code == 422
    assert answer.json()["rows"] == [1]
    assert answer.json()["errors"] == [{"row": 1, "message": "prediction_failed: the model raised ValueError"}]


def test_toolkit_requests_are_answered_with_the_models_numbers(tmp_path: Path, start_server: Start) -> None:
    server = start_server(toolkit_bundle(tmp_path / "model"))
    answer = server.post(HEADERLESS)
    assert [float(line) for line in answer.text.splitlines()] == pytest.approx(PREDICTED.tolist(), rel=1e-12)
    answer = server.post(json.dumps({"instances": FEATURES.tolist()}), "application/json")
    assert np.array(answer.json()) == pytest.approx(PREDICTED, rel=1e-12)
    answer = server.post("0,1\n,1\n2,2\n", Accept="application/json")
    assert answer.json() == [pytest.approx(PREDICTED[0]), None, pytest.approx(PREDICTED[2])]
    assert server.post("a,b\n0,1\n").status_code == 400
    assert server.post(HEADERLESS, Accept="image/png").status_code == 406


def test_every_answer_carries_the_digest(tmp_path: Path, start_server: Start) -> None:
    folder = toolkit_bundle(tmp_path / "model")
    server = start_server(folder)
    server.post(HEADERLESS)
    assert server.requests()[0]["model_sha256"] == read_foreign_bundle(folder).digest
