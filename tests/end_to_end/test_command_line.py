"""Promise: the commands of docs/command-line.md do what the page says against endpoints that are deployed."""

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from chem_endpoints import Endpoint
from chem_endpoints.client.files import read_rows

pytestmark = pytest.mark.end_to_end
BLOCK = "{}\n\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n    0.0000    0.0000    0.0000 {}   0  0\nM  END\n$$$$\n"


@pytest.fixture
def shell(demonstration: Any, tmp_path: Path) -> Callable[[str], "subprocess.CompletedProcess[str]"]:
    """Runs lines of bash in an empty folder; status and both outputs come back."""

    def run(lines: str) -> "subprocess.CompletedProcess[str]":
        command = ["bash", "-euo", "pipefail", "-c", lines]
        return subprocess.run(
            command, cwd=tmp_path, env=demonstration.variables, capture_output=True, text=True, check=False
        )

    return run


def documents(text: str) -> list[Any]:
    """The JSON documents that stand one after another in a text."""
    found, decoder = [], json.JSONDecoder()
    while text := text.strip():
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:]
    return found


def test_every_form_of_file_gets_the_same_answers(
    shell: Any, endpoint: Callable[[str], Endpoint], tmp_path: Path
) -> None:
    atoms = {"methane": "C", "ammonia": "N", "water": "O"}
    (tmp_path / "in.sdf").write_text("".join(BLOCK.format(*pair) for pair in atoms.items()) + "broken\n$$$$\n")
    (tmp_path / "in.smi").write_text("".join(f"{smiles} {name}\n" for name, smiles in atoms.items()))
    (tmp_path / "in.csv").write_bytes(
        "\ufeffname;smiles\n".encode() + b"".join(f"{n};{s}\n".encode() for n, s in atoms.items())
    )
    pd.DataFrame({"smiles": atoms.values(), "name": atoms.keys()}).to_parquet(tmp_path / "in.parquet")
    told = shell(
        "for form in sdf smi csv parquet; do chem-endpoints predict logs-v1 in.$form --out $form-out.$form; done"
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[0] == "sdf-out.sdf: 3 of 4 rows predicted (invalid_smiles: 1)"
    expected = endpoint("logs-v1").inference(list(atoms.values()))["prediction"]
    for form in ("sdf", "smi", "csv", "parquet"):
        frame = read_rows(tmp_path / f"{form}-out.{form}").frame.head(3)
        assert frame["name"].tolist() == list(atoms)
        assert pd.to_numeric(frame["prediction"]).tolist() == expected.tolist()
    failed = read_rows(tmp_path / "sdf-out.failed.csv").frame
    assert failed["prediction_error"].str.startswith("invalid_smiles: RDKit cannot read").tolist() == [True]
    from_python = endpoint("logs-v1").inference(tmp_path / "in.smi")
    assert from_python["prediction"].tolist() == expected.tolist()


def test_programs_get_json_and_statuses(shell: Any, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,smiles\n007,CCO\nNA,C1CC\n")
    lines = shell("chem-endpoints predict logs-v1 in.csv --json --quiet").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["007", "NA"]
    told = shell("chem-endpoints predict logs-v1 in.csv --out out.csv --json --fail-on-error-rows")
    assert told.returncode == 3
    report = json.loads(told.stdout)
    assert (report["rows"], report["predicted"], report["failed"]) == (2, 1, {"invalid_smiles": 1})
    assert report["failed_file"] == "out.failed.csv"
    status = json.loads(shell("chem-endpoints status logs-v1 --json").stdout)
    assert report["model_sha256"] == status["model_sha256"]
    assert (status["kind"], status["status"], status["running"]) == ("realtime", "InService", 1)
    for command, code in (
        ("predict logs-v1 in.csv --out out.csv", 1),
        ("predict logs-v9 CCO", 1),
        ("predict logs-v1 CCO --explain --no-such-option", 2),
    ):
        failed = shell(f"chem-endpoints {command}")
        assert failed.returncode == code, shlex.quote(command)
        assert "Traceback" not in failed.stderr


def test_the_cache_answers_what_was_asked_before(shell: Any, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,smiles\n007,CCO\nNA,C1CC\n")
    lines = "export CHEM_ENDPOINTS_CACHE=$PWD/kept; "
    lines += "for time in 1 2; do chem-endpoints predict logs-v1 in.csv --cache --out $time.csv --json; done; "
    told = shell(lines + "chem-endpoints cache info logs-v1 --json")
    assert told.returncode == 0, told.stderr
    first, second, info = documents(told.stdout)
    assert (first["predicted"], second["predicted"]) == (1, 1)
    assert (info["rows"], list(info["models"].values())) == (1, [1])  # the failed row is never kept
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


@pytest.mark.parametrize("name", ["logs-v1", "logs-async-v1"])
def test_a_job_is_fetched_by_another_process(shell: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "in.csv").write_text("id;smiles\n007;CCO\nNA;C1CC\n")
    lines = f"export CHEM_ENDPOINTS_STATE=$PWD/state; id=$(chem-endpoints submit {name} in.csv); "
    told = shell(
        lines + "chem-endpoints job result $id --out job.csv --like in.csv; chem-endpoints job status $id --json;"
        f"chem-endpoints predict {name} in.csv --out direct.csv --json; chem-endpoints job list {name} --json;"
        "chem-endpoints job purge $id --yes; chem-endpoints job status $id"
    )
    assert told.returncode == 1
    assert "there is no job" in told.stderr
    assert told.stdout.splitlines()[0] == "job.csv: 1 of 2 rows predicted (invalid_smiles: 1)"
    assert (tmp_path / "job.csv").read_bytes() == (tmp_path / "direct.csv").read_bytes()
    status, _, (listed,) = documents("\n".join(told.stdout.splitlines()[1:-1]))
    assert (status["done"], status["complete"]) == (2, True)
    assert listed["job"] == status["job"]
