"""Promise: `predict` writes the rows of any file with their answers, in its form, to no place that is taken."""

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from chem_endpoints.cli.answer_places import failed_path, partial_path
from chem_endpoints.cli.main import main
from length_endpoint import DIGEST, LengthEndpoint

BLOCK = "{}\n\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n    0.0000    0.0000    0.0000 {}   0  0\nM  END\n$$$$\n"


@pytest.fixture(autouse=True)
def endpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[LengthEndpoint]:
    monkeypatch.setattr("chem_endpoints.client.endpoint.Endpoint", LengthEndpoint)
    monkeypatch.setattr(LengthEndpoint, "asked", [])
    monkeypatch.chdir(tmp_path)
    return LengthEndpoint


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text("id;smiles\n007;CCO\nNA;bad\n")
    return path


def predict(*words: str, stdin: bytes | None = None) -> Result:
    result = CliRunner().invoke(main, ["predict", "logs-v1", *words], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_file_is_written_with_its_failed_rows_beside_it(table: Path) -> None:
    told = predict("in.csv", "--out", "out.csv")
    assert (told.exit_code, told.stderr) == (0, "")
    assert told.stdout == "out.csv: 1 of 2 rows predicted (invalid_smiles: 1)\n"
    failed = "NA;bad;N/A;invalid_smiles: no structure\n"
    assert Path("out.csv").read_text() == f"id;smiles;prediction;prediction_error\n007;CCO;3.0;\n{failed}"
    assert Path("out.failed.csv").read_text() == f"id;smiles;prediction;prediction_error\n{failed}"
    assert sorted(path.name for path in Path().iterdir()) == ["in.csv", "out.csv", "out.failed.csv"]


def test_without_failed_rows_there_is_no_such_file_and_an_old_one_goes(table: Path) -> None:
    predict("in.csv", "--out", "out.csv")
    table.write_text("smiles\nCCO\n")
    assert predict("in.csv", "--out", "other.csv").exit_code == 0
    assert not Path("other.failed.csv").exists()
    assert predict("in.csv", "--out", "out.csv", "--force").exit_code == 0
    assert not Path("out.failed.csv").exists()
    assert predict("in.csv", "--out", "x.csv", "--no-failed-file").exit_code == 0


def test_nothing_is_asked_when_a_place_is_taken(table: Path, endpoint: Any) -> None:
    Path("out.csv").write_text("mine")
    Path("x.failed.csv").write_text("mine")
    for out, told in (
        ("out.csv", "such a file already"),
        ("x.csv", "such a file already"),
        ("in.csv", "this is the input file"),
        ("no/out.csv", "there is no folder no"),
        ("out.xlsx", "the ending tells no format"),
        ("out.sdf", "only for rows that came from one"),
        ("out.smi", "first column must be called smiles"),
    ):
        result = predict("in.csv", "--out", out)
        assert result.exit_code == 1
        assert told in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert predict("in.csv", "--out", "in.csv", "--force").exit_code == 1
    assert endpoint.asked == []
    assert table.read_text().startswith("id;smiles")
    assert Path("out.csv").read_text() == "mine"
    assert sorted(path.name for path in Path().iterdir()) == ["in.csv", "out.csv", "x.failed.csv"]


def test_rows_without_a_prediction_are_dropped_from_the_output_only(table: Path) -> None:
    predict("in.csv", "--out", "out.parquet", "--drop-error-rows")
    assert pd.read_parquet("out.parquet")["id"].tolist() == ["007"]
    assert Path("out.failed.csv").read_text().count("\n") == 2


def test_the_status_tells_of_failed_rows_only_when_asked(table: Path) -> None:
    assert predict("in.csv", "--out", "a.csv").exit_code == 0
    assert predict("in.csv", "--out", "b.csv", "--fail-on-error-rows").exit_code == 3
    assert Path("b.csv").exists()
    assert predict("CCO", "--fail-on-error-rows").exit_code == 0


def test_an_sd_file_keeps_its_structures_and_says_what_cannot_be_read() -> None:
    Path("in.sdf").write_text(BLOCK.format("a", "C") + "broken\n$$$$\n" + BLOCK.format("b", "N"))
    told = predict("in.sdf", "--out", "out.sdf")
    assert "Note: in.sdf: RDKit cannot read the structures of 1 of 3 records" in told.stderr
    assert told.stdout == "out.sdf: 2 of 3 rows predicted (invalid_smiles: 1)\n"
    written = Path("out.sdf").read_text()
    assert written.startswith(BLOCK.format("a", "C").removesuffix("$$$$\n") + ">  <prediction>\n1\n\n$$$$\n")
    assert "invalid_smiles: RDKit cannot read the molecule block of record 2 (line 8 of the SD file)" in written


def test_conformers_are_refused_where_they_cannot_be_written(endpoint: Any) -> None:
    Path("in.smi").write_text("CCO ethanol\n")
    for option in ("--conformers", "--explain"):
        assert predict("in.smi", "--out", "out.smi", option).exit_code == 2
    assert endpoint.asked == []
    assert predict("in.smi", "--out", "out.csv", "--conformers", "--explain").exit_code == 0


def test_a_pipe_gets_data_on_standard_output_and_nothing_else() -> None:
    told = predict("-", stdin=b"smiles,x\nCCO,1\n")
    assert told.stdout == "smiles,x,prediction,prediction_error\nCCO,1,3.0,\n"
    assert told.stderr == "1 of 1 rows predicted\n"
    told = predict("-", "--format", "smi", "--quiet", stdin=b"CCO ethanol\n")
    assert told.stdout == "smiles\tname\tprediction\tprediction_error\nCCO\tethanol\t3\t\n"
    assert told.stderr == ""
    told = predict("-", "--out", "out.csv.gz", stdin=gzip.compress(b"smiles\nCCO\n"))
    assert gzip.decompress(Path("out.csv.gz").read_bytes()).startswith(b"smiles,prediction")


def test_one_smiles_is_a_column_of_answers_and_several_are_a_table() -> None:
    one = predict("C/C=C/C")
    assert one.stdout.splitlines()[:3] == [
        "column      value    unit",
        "smiles      C/C=C/C",
        "prediction  7        signs",
    ]
    assert predict("CCO", "bad").stdout.splitlines() == [
        "smiles  prediction  prediction_error",
        "CCO              3",
        "bad              -  invalid_smiles: no structure",
    ]
    assert predict("CCO", "C").stdout.splitlines()[0] == "smiles  prediction"


def test_json_has_one_object_for_each_row_or_one_for_the_file(table: Path) -> None:
    lines = [json.loads(line) for line in predict("in.csv", "--json").stdout.splitlines()]
    assert [line["id"] for line in lines] == ["007", "NA"]
    assert lines[1]["prediction"] is None
    assert json.loads(predict("CCO", "--json").stdout)["prediction"] == 3.0
    assert json.loads(predict("in.csv", "--out", "out.csv", "--json").stdout) == {
        "endpoint": "logs-v1",
        "out": "out.csv",
        "failed_file": "out.failed.csv",
        "rows": 2,
        "predicted": 1,
        "failed": {"invalid_smiles": 1},
        "model_sha256": DIGEST,
        "requests": 1,
        "retries": 0,
        "seconds": 0.5,
    }


def test_options_reach_the_endpoint(endpoint: Any) -> None:
    Path("in.csv").write_text("Structure,logP=7\nCCO,1\n")
    words = ("--smiles", "Structure", "--column", "logP=7=logp", "--threads", "3", "--explain", "--quiet")
    assert predict("in.csv", *words).exit_code == 0
    assert endpoint.asked == [
        {
            "rows": 1,
            "smiles": "Structure",
            "columns": {"logP=7": "logp"},
            "threads": 3,
            "explain": True,
            "conformers": False,
            "progress": False,
        }
    ]
    assert predict("in.csv", "--column", "logp").exit_code == 2


def test_what_is_worth_knowing_is_told_on_standard_error() -> None:
    Path("in.csv").write_bytes("smiles,prediction\nCCO,Ä\n".encode("latin-1"))
    notes = predict("in.csv").stderr.splitlines()
    assert notes[0] == "Note: in.csv is not UTF-8: it was read as Windows-1252 (Latin-1)"
    assert notes[1] == "Note: the input's columns ['prediction'] are replaced by the model's answers"
    assert predict("in.csv", "--quiet").stderr == ""


def test_what_was_answered_before_an_error_is_kept(table: Path) -> None:
    table.write_text("smiles\nCCO\noutage\n")
    for name in ("out.partial.csv", "out.partial-2.csv"):
        told = predict("in.csv", "--out", "out.csv")
        assert told.exit_code == 1
        assert told.stderr.splitlines() == [
            f"{name}: 1 of 2 rows predicted (unsent: 1) before the end",
            "Error: the model's server failed",
        ]
        assert Path(name).read_text().splitlines()[1] == "CCO,3.0,"
    assert not Path("out.csv").exists()


def test_an_interrupt_has_its_own_status_and_leaves_nothing(
    table: Path, endpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "interrupted", True)
    told = predict("in.csv", "--out", "out.csv")
    assert (told.exit_code, told.stderr) == (130, "Interrupted.\n")
    assert [path.name for path in Path().iterdir()] == ["in.csv"]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["no.csv"], 1, "no.csv: there is no such file here"),
        (["in.csv", "CCO"], 2, "give one file, or SMILES"),
        (["in.csv", "--smiles", "x", "--threads", "0"], 2, "--threads"),
        ([], 2, "Missing argument"),
    ],
)
def test_a_mistake_is_told(table: Path, words: list[str], status: int, told: str) -> None:
    result = predict(*words)
    assert result.exit_code == status
    assert told in result.stderr


def test_names_beside_the_output() -> None:
    for out, failed, partial in (
        ("a/out.csv", "a/out.failed.csv", "a/out.partial.csv"),
        ("out.sdf.gz", "out.failed.csv", "out.partial.sdf.gz"),
        ("v1.2/out", "v1.2/out.failed.csv", "v1.2/out.partial"),
        ("out.v1.csv", "out.v1.failed.csv", "out.v1.partial.csv"),
    ):
        assert failed_path(Path(out)) == Path(failed)
        assert partial_path(Path(out)) == Path(partial)
