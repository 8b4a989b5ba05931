"""Promise: an own script is packed with its answers to the golden rows; what is wrong is told before a deployment."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from chem_endpoints.cli.main import main
from chem_endpoints.client.local_server import LocalServer
from chem_endpoints.wire.bundle import verify_archive

SCRIPT = """
from sibling import factor

def model_fn(model_dir):
    return open(model_dir + "/weight.txt").read()

def predict_fn(df, model):
    reasons = ["invalid_smiles: no structure" if " " in text else "" for text in df["smiles"]]
    lengths = [factor * len(text) * float(model) for text in df["smiles"]]
    return df.assign(prediction=lengths, prediction_error=reasons)
"""

WRITTEN = {
    "framework": "counting",
    "targets": [{"name": "length", "dtype": "float64", "unit": "characters"}],
    "features": [{"name": "smiles", "dtype": "text"}],
    "outputs": [{"name": "prediction", "dtype": "float64", "unit": "characters"}],
    "libraries": ["pandas"],
    "golden": "golden.csv",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder, complete."""
    write(tmp_path, WRITTEN, golden="name,smiles\nethanol,CCO\ntypo,no structure\n")
    (tmp_path / "bundle/code").mkdir(parents=True)
    (tmp_path / "bundle/code/inference.py").write_text(SCRIPT)
    (tmp_path / "bundle/code/sibling.py").write_text("factor = 2.0\n")
    (tmp_path / "bundle/weight.txt").write_text("0.5")
    return tmp_path


def write(folder: Path, written: Mapping[str, object], *, golden: str | None = None) -> None:
    (folder / "bundle.yaml").write_text(yaml.safe_dump(dict(written)))
    if golden is not None:
        (folder / "golden.csv").write_text(golden)


def pack(folder: Path) -> Result:
    arguments = ["pack", str(folder / "bundle.yaml"), "--out", str(folder / "model.tar.gz")]
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_script_that_answers_an_empty_text_is_packed_and_starts(folder: Path) -> None:
    outputs = [*WRITTEN["outputs"], {"name": "caution", "dtype": "text"}]  # type: ignore[misc]
    write(folder, {**WRITTEN, "outputs": outputs})
    script = folder / "bundle/code/inference.py"
    script.write_text(SCRIPT.replace("prediction=lengths,", "prediction=lengths, caution='',"))
    assert pack(folder).exit_code == 0
    with LocalServer(folder / "model.tar.gz", workers=1):
        pass  # Its golden rows came out as they were packed.


def test_a_bundle_carries_the_answers_of_its_script(folder: Path) -> None:
    result = pack(folder)
    assert result.exit_code == 0, result.output
    verified = verify_archive(folder / "model.tar.gz")
    assert f"model digest {verified.digest}" in result.output
    golden = verified.manifest.golden
    assert golden.input == {"smiles": ["CCO", "no structure"]}
    assert golden.output["prediction"] == [3.0, None]
    assert golden.output["prediction_error"] == ["", "invalid_smiles: no structure"]
    assert set(verified.manifest.files) == {"code/inference.py", "code/sibling.py", "weight.txt"}
    assert verified.manifest.libraries["pandas"].split(".")[0].isdigit()
    first = (folder / "model.tar.gz").read_bytes()
    assert pack(folder).exit_code == 0
    assert (folder / "model.tar.gz").read_bytes() == first


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"outputs": []}, "outputs: Tuple should have at least 1 item"),
        ({"colour": "blue"}, "colour: Extra inputs are not permitted"),
        ({"golden": "absent.csv"}, "absent.csv"),
        ({"libraries": ["no_such_library"]}, "'no_such_library' is not installed here"),
        ({"features": [{"name": "structure", "dtype": "text"}]}, "feature 'structure' has no column"),
        ({"outputs": [{"name": "smiles", "dtype": "text"}]}, "named twice among features and outputs: smiles"),
    ],
    ids=["no outputs", "unknown field", "no golden rows", "no library", "no column", "twice"],
)
def test_mistakes_in_the_file_are_told(folder: Path, change: dict[str, object], told: str) -> None:
    write(folder, {**WRITTEN, **change})
    result = pack(folder)
    assert (result.exit_code, told in result.output) == (1, True), result.output
    assert not (folder / "model.tar.gz").exists()


def test_a_folder_without_a_script_is_told(folder: Path) -> None:
    (folder / "bundle/code/inference.py").unlink()
    assert "the script with model_fn and predict_fn belongs there" in pack(folder).output


def test_a_manifest_among_the_files_is_told(folder: Path) -> None:
    (folder / "bundle/manifest.json").write_text("{}")
    assert "delete it" in pack(folder).output


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('return df.assign(prediction=lengths, prediction_error="invalid_smiles: all")', "no row is predicted"),
        ("return df.assign(length=lengths)", "the golden rows cannot be predicted"),
        ('raise ValueError("CANARY")', "the golden rows cannot be predicted: ValueError"),
    ],
    ids=["no row", "no output", "exception"],
)
@pytest.mark.thorough
def test_a_script_that_fails_its_golden_rows_is_told(folder: Path, line: str, told: str) -> None:
    script = SCRIPT.replace("return df.assign(prediction=lengths, prediction_error=reasons)", line)
    (folder / "bundle/code/inference.py").write_text(script)
    result = pack(folder)
    assert result.exit_code == 1
    assert told in result.output
    assert "CANARY" not in result.output
