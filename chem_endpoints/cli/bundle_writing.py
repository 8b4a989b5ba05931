"""Runs ``python -m model_scripts``, which writes bundles, as a process: chemistry libraries stay out of this one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from chem_endpoints.cli.clone import require_clone
from chem_endpoints.cli.declaration import Declared, artifact_path, write_declaration
from chem_endpoints.wire.single_threaded import SINGLE_THREADED


def write_bundle(command: str, name: str, request: Mapping[str, Any]) -> str:
    """Runs ``python -m model_scripts COMMAND NAME`` with the request as JSON; returns the model digest.

    What it has to say goes to the terminal.

    Raises:
        SystemExit: it failed and has said why.
    """
    arguments = [sys.executable, "-m", "model_scripts", command, name]
    sent, env = json.dumps(request), {**os.environ, **SINGLE_THREADED}
    written = subprocess.run(arguments, input=sent, stdout=subprocess.PIPE, text=True, env=env, check=False)
    if written.returncode:
        raise SystemExit(written.returncode)
    return str(json.loads(written.stdout)["digest"])


def declaration_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that writes a bundle: where to, and how to declare it."""
    for option in (
        click.option("--owner", default="unassigned", show_default=True, help="Team that answers for the model."),
        click.option("--kind", type=click.Choice(["realtime", "async"]), default="realtime", show_default=True),
        click.option(
            "--declare", type=click.Path(path_type=Path), default=None, help="Declaration to write or update, *.yaml."
        ),
        click.option("--out", type=click.Path(path_type=Path), required=True, help="Bundle to write, *.tar.gz."),
    ):
        command = option(command)
    return command


def standardisation_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say what is done to structures."""
    for option in (
        click.option("--tautomer/--no-tautomer", default=True, show_default=True, help="Take the canonical tautomer."),
        click.option(
            "--standardise",
            type=click.Choice(["parent", "salt", "none"]),
            default="parent",
            show_default=True,
            help="parent: without counterions, neutral; salt: counterions kept; none: as sent.",
        ),
    ):
        command = option(command)
    return command


def tell_and_declare(bundle: Path, digest: str, declare: Path | None, *, kind: str, owner: str, image: str) -> None:
    """Says what was written, and writes its declaration where one is wanted."""
    click.echo(f"{bundle}: model digest {digest}")
    if declare is None:
        return
    artifact = artifact_path(bundle, require_clone())
    declared = Declared(kind=kind, owner=owner, artifact=artifact, sha256=digest, image=image)
    write_declaration(declare, declared)
    click.echo(f"{declare}: declares it")


def settings_of(pairs: tuple[str, ...]) -> dict[str, Any]:
    """``name=value`` pairs of ``--set``; a value is a number, ``true`` or ``false`` where it reads like one, else text.

    Raises:
        click.UsageError: one has no name or no value.
    """
    settings = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not (name.strip() and sign and value.strip()):
            raise click.UsageError(f"--set {pair}: write NAME=VALUE")
        settings[name.strip()] = _value(value.strip())
    return settings


def _value(text: str) -> float | int | bool | str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, float | int | bool) else text


def names_of(text: str | None) -> list[str]:
    """Column names, separated by commas."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]
