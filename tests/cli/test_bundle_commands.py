"""Promise: one command per bundle, for every family and feature script, and a mistake is told before anything runs."""

import inspect
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from chem_endpoints.cli import feature_commands, train_commands
from chem_endpoints.cli.bundle_writing import names_of, settings_of, write_bundle
from chem_endpoints.cli.main import main
from chem_endpoints.wire.manifest import Standardisation
from model_scripts import __main__ as processes
from model_scripts import feature_bundle
from model_scripts.chemistry.descriptor_sets import MODULES


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_the_commands_know_what_the_processes_know() -> None:
    assert list(train_commands.FAMILIES) == list(processes.FAMILIES)
    assert feature_commands.SCRIPTS == feature_bundle.SCRIPTS
    assert set(train_commands.DESCRIPTORS) == {*MODULES, "none"}
    policies = get_args(Standardisation.model_fields["policy"].annotation)
    for command in (train_commands.train, feature_commands.features):
        (option,) = [option for option in command.params if option.name == "standardise"]
        assert set(option.type.to_info_dict()["choices"]) == set(policies)


def test_every_family_is_a_class_with_settings() -> None:
    for place in processes.FAMILIES.values():
        family = processes.family_class(place)
        assert inspect.isclass(family)
        assert callable(family.from_settings)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "give --smiles COLUMN, --features COLUMN,… or --categories COLUMN,…"),
        (["--features", "a", "--descriptors", "rdkit_2d"], "give --smiles COLUMN too"),
        (["--features", "a", "--set", "trees"], "write NAME=VALUE"),
    ],
)
def test_mistakes_are_told_before_anything_runs(options: list[str], told: str) -> None:
    code, output = run("train", "xgboost", "--data", "x.csv", "--target", "y", "--out", "b.tar.gz", *options)
    assert code == 2
    assert told in output


def test_an_unknown_hyperparameter_is_told_with_the_nearest() -> None:
    with pytest.raises(Exception, match="perhaps 'trees' is meant"):
        processes.family_class(processes.FAMILIES["xgboost"]).from_settings({"tree": "5"})


def test_lists_and_settings_are_read_as_people_write_them() -> None:
    assert names_of(" a, b ,,c") == ["a", "b", "c"]
    assert settings_of(("a=1", " b = x=y ", "c=true", "d=0.5")) == {"a": 1, "b": "x=y", "c": True, "d": 0.5}


def test_training_runs_single_threaded_as_serving_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = tmp_path / "model_scripts"
    spy.mkdir()
    told = "import json, os; print(json.dumps({'digest': os.environ.get('OMP_NUM_THREADS')}))"
    (spy / "__init__.py").touch()
    (spy / "__main__.py").write_text(told)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    assert write_bundle("train", "xgboost", {}) == "1"


@pytest.mark.parametrize(("script", "kind"), [("smiles_to_3d", "async"), ("standardize", "realtime")])
def test_slow_scripts_are_declared_as_async_unless_asked_otherwise(
    script: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds: list[str] = []
    monkeypatch.setattr(feature_commands, "write_bundle", lambda *_: "digest")
    monkeypatch.setattr(feature_commands, "tell_and_declare", lambda *_, kind, **__: kinds.append(kind))
    assert run("features", script, "--out", "b.tar.gz")[0] == 0
    assert run("features", script, "--out", "b.tar.gz", "--kind", "realtime")[0] == 0
    assert kinds == [kind, "realtime"]
