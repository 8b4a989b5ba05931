"""Promise: one command combines bundles for the image that can serve them all, and a mistake is told before anything
runs."""

from pathlib import Path
from typing import get_args

import click
import pytest
from click.testing import CliRunner

from chem_endpoints.cli import combine_command
from chem_endpoints.cli.main import main
from chem_endpoints.wire.bundle import verify_archive, write_bundle
from chem_endpoints.wire.manifest import Standardisation
from manifests import small_manifest
from model_scripts.__main__ import main as processes
from model_scripts.combining.plan import How
from model_scripts.feature_bundle import write_feature_bundle

PARENT = Standardisation(policy="parent")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["combine", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_the_command_and_the_process_know_every_way() -> None:
    assert get_args(How) == combine_command.HOW
    ways = processes.commands["combine"].params[0].type
    assert isinstance(ways, click.Choice)
    assert tuple(ways.choices) == get_args(How)


def test_help_shows_an_example() -> None:
    code, output = run("--help")
    assert code == 0
    assert "chem-endpoints combine --part logs=bundles/logs-v2.tar.gz" in output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--part", "a"], "--part a: write NAME=BUNDLE"),
        (["--part", "a=x.tar.gz"], "at least two parts"),
        (["--part", "a=x.tar.gz", "--part", "a=y.tar.gz"], "--part a: given twice"),
        (["--part", "a=x.tar.gz", "--part", "b=y.tar.gz", "--weight", "c=2"], "--weight c: no --part is called so"),
        (["--part", "a=x.tar.gz", "--part", "b=y.tar.gz", "--weight", "a=-1"], "write a number above 0"),
        (["--part", "a=x.tar.gz", "--part", "b=y.tar.gz", "--weight", "a=inf"], "write a number above 0"),
        (["--part", "a=x.tar.gz", "--part", "b=y.tar.gz", "--weight", "a=two"], "write a number above 0"),
        (["--part", "a=x.tar.gz", "--part", "b=y.tar.gz"], "x.tar.gz: no such file"),
    ],
)
def test_mistakes_are_told_before_anything_runs(arguments: list[str], told: str, tmp_path: Path) -> None:
    code, output = run(*arguments, "--out", str(tmp_path / "c.tar.gz"))
    assert code != 0
    assert told in output
    assert not (tmp_path / "c.tar.gz").exists()


def test_the_image_is_the_one_that_serves_every_part(tmp_path: Path) -> None:
    for name, libraries in {"trees": {"xgboost": "3"}, "network": {"torch": "2", "numpy": "2"}}.items():
        write_bundle(tmp_path / name, small_manifest(libraries=libraries), {})
    assert combine_command.image_for([tmp_path / "trees"]) == "base"
    assert combine_command.image_for([tmp_path / "trees", tmp_path / "network"]) == "deep"


def test_bundles_become_one(tmp_path: Path) -> None:
    write_feature_bundle("standardize", {}, PARENT, tmp_path / "s.tar.gz")
    write_feature_bundle("smiles_to_fingerprints", {"size": 64}, PARENT, tmp_path / "f.tar.gz")
    parts = ["--part", f"std={tmp_path / 's.tar.gz'}", "--part", f"fp={tmp_path / 'f.tar.gz'}"]
    code, output = run(*parts, "--require-all", "--out", str(tmp_path / "c.tar.gz"))
    assert code == 0
    written = verify_archive(tmp_path / "c.tar.gz")
    assert f"model digest {written.digest}" in output
    names = [item.name for item in written.manifest.outputs]
    assert names[:4] == ["orig_smiles", "smiles_used", "salt", "undefined_chiral_centers"]
    assert names[4:] == ["std_stereo_lost", "std_inchikey", "std_std_status", "std_error", "fp_fingerprint", "fp_error"]
    assert written.manifest.settings["require_all"] is True


def test_what_does_not_go_together_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_feature_bundle("standardize", {}, PARENT, tmp_path / "s.tar.gz")
    parts = [argument for name in "ab" for argument in ("--part", f"{name}={tmp_path / 's.tar.gz'}")]
    code, _ = run(*parts, "--how", "mean", "--out", str(tmp_path / "c.tar.gz"))
    assert code == 1
    assert "part 'a' does not predict one number" in capfd.readouterr().err
