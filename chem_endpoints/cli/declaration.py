"""Writes the declaration of a trained bundle, or points an existing one to it."""

import re
from dataclasses import dataclass
from pathlib import Path

import click
import yaml

from chem_endpoints.spec.parsing import InvalidDeclarationError, parse_endpoint

HEADER = "# One endpoint. `chem-endpoints validate` checks it, `chem-endpoints schema` describes every field.\n"
SERVING = {
    "realtime": {"kind": "realtime", "instance_type": "ml.c7i.large", "capture": {"percent": 100}},
    "async": {"kind": "async", "instance_type": "ml.c7i.large", "scaling": {"min": 0, "max": 2, "idle_minutes": 10}},
}


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a new declaration says; everything else takes its default.

    Attributes:
        kind: ``realtime`` or ``async``.
        owner: team that answers for the model.
        artifact: the bundle, relative to the clone.
        sha256: its model digest.
        image: the image that can serve it.
    """

    kind: str
    owner: str
    artifact: str
    sha256: str
    image: str = "base"


def artifact_path(bundle: Path, root: Path) -> str:
    """The bundle's path as declarations name it.

    Raises:
        click.ClickException: it lies outside the clone.
    """
    try:
        return bundle.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise click.ClickException(
            f"{bundle} lies outside the clone {root}; write the bundle inside, so that the declaration can name it"
        ) from None


def write_declaration(path: Path, declared: Declared) -> None:
    """Writes ``path``; where it exists, changes its ``artifact`` and ``sha256`` and nothing else.

    Raises:
        click.ClickException: the file's name is no endpoint name, or the file has other than one of each line.
    """
    if path.exists():
        path.write_text(_updated(path, declared))
        return
    written = {
        "name": path.stem,
        "owner": declared.owner,
        "model": {"artifact": declared.artifact, "sha256": declared.sha256, "image": declared.image},
        "serving": SERVING[declared.kind],
    }
    try:
        parse_endpoint(written)
    except InvalidDeclarationError as error:
        raise click.ClickException(f"{path}: {error}") from None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + yaml.safe_dump(written, sort_keys=False))


def _updated(path: Path, declared: Declared) -> str:
    text = path.read_text()
    for key, value in (("artifact", declared.artifact), ("sha256", f'"{declared.sha256}"')):
        text, changed = re.subn(rf"^(\s*{key}:\s*)\S.*$", rf"\g<1>{value}", text, flags=re.MULTILINE)
        if changed != 1:
            raise click.ClickException(
                f"{path}: {changed} lines start with {key!r}; set model.{key} to {value} yourself"
            )
    return text
