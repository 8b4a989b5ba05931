"""Promise: training declares what it made, and a declaration that people wrote keeps every word but the digest."""

from pathlib import Path

import click
import pytest

from chem_endpoints.cli.declaration import Declared, artifact_path, write_declaration
from chem_endpoints.spec.parsing import parse_endpoint
from chem_endpoints.spec.yaml_file import read_mapping

FIRST = Declared(kind="realtime", owner="team", artifact="models/a.tar.gz", sha256="a" * 64)
SECOND = Declared(kind="async", owner="other", artifact="models/b.tar.gz", sha256="b" * 64)


@pytest.mark.parametrize("declared", [FIRST, SECOND])
def test_a_new_declaration_is_valid(tmp_path: Path, declared: Declared) -> None:
    path = tmp_path / "endpoints" / "logs-v2.yaml"
    write_declaration(path, declared)
    spec = parse_endpoint(read_mapping(path))
    assert (spec.name, spec.serving.kind, spec.model.sha256) == ("logs-v2", declared.kind, declared.sha256)


def test_an_existing_declaration_changes_its_model_alone(tmp_path: Path) -> None:
    path = tmp_path / "logs-v2.yaml"
    write_declaration(path, FIRST)
    path.write_text(path.read_text() + "tags: {a: b}  # ours\n")
    before = path.read_text()
    write_declaration(path, SECOND)
    after = path.read_text()
    assert after == before.replace("models/a.tar.gz", "models/b.tar.gz").replace("a" * 64, f'"{"b" * 64}"')
    assert parse_endpoint(read_mapping(path)).serving.kind == "realtime"


def test_a_file_that_cannot_be_updated_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "logs-v2.yaml"
    path.write_text("name: logs-v2\n")
    with pytest.raises(click.ClickException, match="0 lines start with 'artifact'"):
        write_declaration(path, FIRST)
    assert path.read_text() == "name: logs-v2\n"


def test_a_name_that_is_no_endpoint_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="name"):
        write_declaration(tmp_path / "no_endpoint.yaml", FIRST)
    assert not (tmp_path / "no_endpoint.yaml").exists()


def test_a_bundle_outside_the_clone_cannot_be_declared(tmp_path: Path) -> None:
    assert artifact_path(tmp_path / "models/a.tar.gz", tmp_path) == "models/a.tar.gz"
    with pytest.raises(click.ClickException, match="lies outside the clone"):
        artifact_path(tmp_path / "a.tar.gz", tmp_path / "clone")
