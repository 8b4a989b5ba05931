"""Promise: one command begins a model of any family and kind; what it cannot begin it refuses, and writes nothing."""

import ast
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import yaml
from click.testing import CliRunner, Result

from chem_endpoints.cli.main import main
from chem_endpoints.cli.new_command import CHOICES, OWN_SCRIPT
from chem_endpoints.cli.train_commands import FAMILIES
from chem_endpoints.new.drafts import DRAFT
from chem_endpoints.new.writing import ROLES
from chem_endpoints.packing import read_bundle_yaml
from chem_endpoints.spec.loading import load_endpoints
from chem_endpoints.spec.parsing import parse_endpoint
from chem_endpoints.spec.support_matrix import Kind
from chem_endpoints.spec.yaml_file import read_mapping

ROWS = "id,Canonical_SMILES,clint,class,salt,censored, blank \n" + "".join(
    f"{number},{'C' * (number % 17 + 1)}O,{number / 4},{'high' if number % 3 else 'low'},,"
    f"{'>' * (number == 7)}{number},1\n"
    for number in range(40)
)


@pytest.fixture
def clone(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is a clone as far as declarations go; the working folder."""
    (tmp_path / "app.py").touch()
    (tmp_path / "cdk.json").touch()
    for folder in ("examples/data", "examples/bundles", "endpoints"):
        shutil.copytree(root / folder, tmp_path / folder)
    (tmp_path / "clint.csv").write_text(ROWS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["new", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def begun(*arguments: str) -> list[str]:
    """The files that a call wrote."""
    result = new(*arguments)
    assert result.exit_code == 0, result.output
    return result.output.split("Next:")[0].split()


def every_file(clone: Path) -> set[str]:
    return {path.relative_to(clone).as_posix() for path in clone.rglob("*") if path.is_file()}


@pytest.mark.parametrize("family", CHOICES)
def test_every_family_begins_complete_and_valid(clone: Path, family: str) -> None:
    before = every_file(clone)
    written = begun("logs-v3", "--family", family)
    assert set(written) == every_file(clone) - before
    spec = parse_endpoint(read_mapping(clone / "models/logs-v3" / DRAFT))
    assert spec.model.image == FAMILIES.get(family, "base")
    assert spec.serving.kind == ("async" if family == "smiles_to_3d" else "realtime")
    for name in written:
        text = (clone / name).read_text()
        assert "$name" not in text
        if name.endswith(".py"):
            ast.parse(text)
    assert subprocess.run(["sh", "-n", "models/logs-v3/train.sh"], check=True).returncode == 0
    assert os.access("models/logs-v3/train.sh", os.X_OK)


def test_what_is_written_is_clean_and_typed(clone: Path, root: Path) -> None:
    begun("own-v1", "--family", OWN_SCRIPT)
    begun("tree-v1", "--family", "xgboost", "--data", "clint.csv", "--target", "clint", "--unit", "uL/min")
    begun("class-v1", "--family", "xgboost", "--data", "clint.csv", "--target", "class")
    begun("two-d-v1", "--family", "smiles_to_2d")
    for command in (["ruff", "check"], ["ruff", "format", "--check"]):
        ruff = [
            sys.executable,
            "-m",
            *command,
            "--config",
            str(root / "pyproject.toml"),
            "--config",
            f"src = ['{root}']",
            "models",
        ]
        subprocess.run(ruff, check=True)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_can_be_declared(clone: Path, kind: str) -> None:
    begun("logs-v3", "--family", "xgboost", "--kind", kind, "--owner", "a team: ours")
    spec = parse_endpoint(read_mapping(clone / "models/logs-v3" / DRAFT))
    assert (spec.serving.kind, spec.owner) == (kind, "a team: ours")


@pytest.mark.parametrize("kind", get_args(Kind))
def test_what_a_draft_shows_in_comments_may_be_taken_out_of_them(clone: Path, kind: str) -> None:
    begun("logs-v3", "--family", "xgboost", "--kind", kind)
    lines = (clone / "models/logs-v3" / DRAFT).read_text().splitlines()
    opened = [line.replace("# ", "", 1) if line.lstrip().startswith("# ") and ": " in line else line for line in lines]
    declared = yaml.safe_load("\n".join(line for line in opened if "fills in" not in line and "docs/" not in line))
    assert {"client", "alarms", "callers", "tags", "description"} <= set(declared)
    declared["description"] = "Solubility."
    parse_endpoint(declared)


def test_a_draft_stops_no_other_endpoint_and_validate_says_what_to_run(clone: Path) -> None:
    before = load_endpoints(clone / "endpoints", clone)
    begun("logs-v3", "--family", "chemprop")
    assert load_endpoints(clone / "endpoints", clone) == before
    result = CliRunner().invoke(main, ["validate", "--names"])
    assert result.exit_code == 0
    assert result.stdout.split() == [spec.name for spec in before]
    assert result.stderr == "logs-v3: not trained yet: run models/logs-v3/train.sh\n"


def test_own_rows_are_divided_and_none_is_lost(clone: Path) -> None:
    begun("c-v1", "--family", "xgboost", "--data", "clint.csv", "--target", "clint", "--unit", "uL/min/mg")
    training, held_out = (
        (clone / "models/c-v1" / name).read_text().splitlines() for name in ("training.csv", "held_out.csv")
    )
    assert sorted(training[1:] + held_out[1:]) == sorted(ROWS.splitlines()[1:])
    assert len(held_out) == 1 + 4
    command = (clone / "models/c-v1/train.sh").read_text()
    assert "--target clint --smiles Canonical_SMILES --unit uL/min/mg" in command


def test_rows_without_a_number_are_left_out(clone: Path) -> None:
    (clone / "clint.csv").write_text(ROWS.replace(",0.75,", ",N/A,").replace(",1.0,", ",,"))
    begun("c-v1", "--family", OWN_SCRIPT, "--data", "clint.csv", "--target", "clint", "--unit", "x")
    written = [(clone / "models/c-v1" / name).read_text() for name in ("training.csv", "held_out.csv")]
    assert "N/A" not in "".join(written)
    assert sum(text.count("\n") - 1 for text in written) == 38


def test_classes_are_judged_by_accuracy_and_have_no_unit(clone: Path) -> None:
    begun("c-v1", "--family", "xgboost", "--data", "clint.csv", "--target", "class")
    assert "SMALLEST_ACCURACY = 0.5 " in (clone / "models/c-v1/test_c_v1.py").read_text()
    assert "--unit" not in (clone / "models/c-v1/train.sh").read_text()


def test_a_column_with_any_name_reaches_the_command_and_the_manifest(clone: Path) -> None:
    (clone / "odd.csv").write_text(ROWS.replace("clint", 'it\'s $HOME "x": µ'))
    begun("odd-v1", "--family", OWN_SCRIPT, "--data", "odd.csv", "--target", 'it\'s $HOME "x": µ', "--unit", "")
    written = read_bundle_yaml(clone / "models/odd-v1/bundle.yaml")
    assert (written.targets[0].name, written.targets[0].unit) == ('it\'s $HOME "x": µ', None)
    begun("odd-v2", "--family", "xgboost", "--data", "odd.csv", "--target", 'it\'s $HOME "x": µ', "--unit", "")
    assert """--target 'it'"'"'s $HOME "x": µ'""" in (clone / "models/odd-v2/train.sh").read_text()


OWN = ("--family", "xgboost", "--data", "clint.csv")


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("logs_v3", "--family", "xgboost"), 1, "name: must be 1 to 63 lower-case letters"),
        (("l" * 64, "--family", "xgboost"), 1, "name: must be 1 to 63 lower-case letters"),
        (("../logs", "--family", "xgboost"), 1, "name: must be 1 to 63 lower-case letters"),
        (("foundation", "--family", "xgboost"), 1, "is the name of one of our own stacks"),
        (("logs-v3", "--family", "forest"), 2, "'forest' is not one of"),
        (("logs-v1", "--family", "xgboost"), 1, "already there: endpoints/logs-v1.yaml"),
        (("logs-v3", *OWN), 2, "--data needs --target"),
        (("logs-v3", *OWN, "--target", "Clint"), 1, "no column 'Clint' (nearest: clint)"),
        (("logs-v3", *OWN, "--target", "clint", "--smiles", "x"), 1, "no column 'x' (7 columns came"),
        (("logs-v3", *OWN, "--target", "clint"), 2, "give the unit of 'clint'"),
        (("logs-v3", *OWN, "--target", "salt", "--unit", ""), 1, "0 rows have a structure"),
        (("logs-v3", *OWN, "--target", "censored", "--unit", ""), 1, "1 of 40 values in 'censored' are no numbers"),
        (("logs-v3", *OWN, "--target", " blank ", "--unit", ""), 1, "begins or ends with a blank"),
        (("logs-v3", *OWN, "--target", "clint", "--unit", "a\nb"), 1, "must be one line"),
        (("logs-v3", *OWN, "--target", "class", "--unit", "x"), 1, "classes, which have no unit"),
        (("logs-v3", "--family", "script", "--data", "clint.csv", "--target", "class"), 1, "holds classes"),
        (("logs-v3", "--family", "standardize", "--data", "clint.csv"), 2, "trained on nothing"),
        (("logs-v3", "--family", "xgboost", "--target", "log_s"), 2, "tell of --data"),
    ],
)
def test_what_cannot_be_begun_is_told_and_nothing_is_written(
    clone: Path, arguments: tuple[str, ...], status: int, told: str
) -> None:
    before = every_file(clone)
    result = new(*arguments)
    assert (result.exit_code, told in result.output) == (status, True), result.output
    assert every_file(clone) == before


def test_a_file_without_a_column_of_structures_is_told(clone: Path) -> None:
    (clone / "clint.csv").write_text(ROWS.replace("Canonical_SMILES", "compound"))
    result = new("logs-v3", *OWN, "--target", "clint", "--unit", "x")
    assert "say which does: --smiles COLUMN" in result.output


def test_rows_are_not_overwritten_by_a_part_of_themselves(clone: Path) -> None:
    own = ("c-v1", "--family", "xgboost", "--target", "clint", "--unit", "x")
    begun(*own, "--data", "clint.csv")
    before = (clone / "models/c-v1/training.csv").read_bytes()
    refused = new(*own, "--data", "models/c-v1/training.csv", "--force")
    assert (refused.exit_code, "a part of itself" in refused.output) == (1, True), refused.output
    assert (clone / "models/c-v1/training.csv").read_bytes() == before


@pytest.mark.parametrize(("name", "owner"), [("null", "007"), ("true", "2026-13-45"), ("2026-01-01", "off")])
def test_names_that_yaml_would_take_for_something_else_are_quoted(clone: Path, name: str, owner: str) -> None:
    begun(name, "--family", "standardize", "--owner", owner)
    spec = parse_endpoint(read_mapping(clone / "models" / name / DRAFT))
    assert (spec.name, spec.owner) == (name, owner)


@pytest.mark.parametrize("there", ["models/logs-v3", "models/logs-v3/README.md/notes"])
def test_what_is_in_the_way_is_told_and_nothing_is_written(clone: Path, there: str) -> None:
    (clone / there).parent.mkdir(parents=True)
    (clone / there).touch()
    before = every_file(clone)
    refused = new("logs-v3", "--family", "xgboost", "--force")
    assert (refused.exit_code, "in the way: models/logs-v3" in refused.output) == (1, True), refused.output
    assert every_file(clone) == before


def test_files_that_are_there_are_listed_and_overwritten_only_by_force(clone: Path) -> None:
    written = begun("logs-v3", "--family", "xgboost")
    test = clone / "models/logs-v3/test_logs_v3.py"
    test.write_text("mine")
    refused = new("logs-v3", "--family", "xgboost")
    assert refused.exit_code == 1
    assert all(name in refused.output for name in written)
    assert test.read_text() == "mine"
    assert begun("logs-v3", "--family", "xgboost", "--force") == written
    assert test.read_text() != "mine"


def test_a_draft_never_overwrites_a_declaration(clone: Path) -> None:
    begun("logs-v3", "--family", "xgboost")
    declared = clone / "endpoints/logs-v3.yaml"
    declared.write_text("# written by hand\n")
    done = subprocess.run(["models/logs-v3/train.sh"], capture_output=True, text=True, check=False)
    assert (done.returncode, "are both there" in done.stderr) == (1, True), done.stderr
    assert declared.read_text() == "# written by hand\n"
    assert (clone / "models/logs-v3" / DRAFT).exists()


def test_force_leaves_a_declaration_alone(clone: Path) -> None:
    declared = (clone / "endpoints/logs-v1.yaml").read_text()
    assert f"models/logs-v1/{DRAFT}" not in begun("logs-v1", "--family", "xgboost", "--force")
    assert (clone / "endpoints/logs-v1.yaml").read_text() == declared
    assert not (clone / "models/logs-v1" / DRAFT).exists()


def test_the_readme_says_what_every_file_is(clone: Path) -> None:
    written = begun("own-v1", "--family", OWN_SCRIPT, "--data", "clint.csv", "--target", "clint", "--unit", "x")
    text = (clone / "models/own-v1/README.md").read_text()
    names = [name.removeprefix("models/own-v1/") for name in written]
    assert not [name for name in names if name != "README.md" and f"| `{name}` |" not in text]
    assert all(role in text for role in ROLES.values())


def test_the_unit_is_asked_for_on_a_terminal(clone: Path) -> None:
    terminal, theirs = pty.openpty()
    os.write(terminal, b"uL/min\n")
    command = [sys.executable, "-m", "chem_endpoints.cli", "new", "c-v1", *OWN, "--target", "clint"]
    done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, check=True)
    os.close(terminal)
    os.close(theirs)
    assert "Unit of clint" in done.stdout + done.stderr
    assert "--unit uL/min" in (clone / "models/c-v1/train.sh").read_text()
