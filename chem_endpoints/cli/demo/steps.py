"""The steps of the demonstration, each by the command or the call that a user would make."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pandas as pd

from chem_endpoints.cli.clone import tool_path
from chem_endpoints.cli.declaration import Declared, artifact_path, write_declaration
from chem_endpoints.cli.demo.report import Comparison, compare, tell_comparison, tell_errors, tell_next_steps
from chem_endpoints.cli.demo.sleep import Sleeper, show_sleep
from chem_endpoints.cli.local_commands import start
from chem_endpoints.cli.train_commands import run_training
from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.local.address import (
    ACCOUNT,
    DEFAULT_PORT,
    PORT_VARIABLE,
    REGION,
    Address,
    environment,
    find_running,
)
from chem_endpoints.local.background_service import ServiceOptions
from chem_endpoints.local.running import RunningLocalAws

DATA = "examples/data/solubility.csv"
UNSEEN = "examples/data/solubility_unseen.csv"
SETTINGS = {"trees": 150, "depth": 3, "learning_rate": 0.08}
"""Small trees for few compounds: the bundle stays below 300 kB."""
DESCRIPTION = (
    "aqueous solubility at about 25 C, log10 of mol/L; compiled from many laboratories: unbuffered, intrinsic and"
    " apparent values mixed"
)
REALTIME, ASYNCHRONOUS = "logs-v1", "logs-async-v1"
IDLE_MINUTES = 30
"""A demonstration that nobody uses any more ends by itself."""


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """Where the demonstration works.

    Attributes:
        root: the clone.
        folder: what it makes.
        address: the local AWS.
        variables: the environment that leads there.
    """

    root: Path
    folder: Path
    address: Address
    variables: dict[str, str]


def run_demo(root: Path, folder: Path, *, keep_running: bool) -> None:
    """Runs the demonstration.

    Raises:
        click.ClickException: a step failed; says which and where its log is.
    """
    started = time.perf_counter()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    address = _local_aws(root)
    variables = environment(address.port, root)
    variables["PATH"] = tool_path(root, variables.get("PATH", ""))
    os.environ.update(variables)  # from here on the client in this process, too, knows the local AWS only
    demo = Demonstration(root=root, folder=folder, address=address, variables=variables)
    # In a folder without cdk.json: bootstrapping needs no app.
    bootstrap = _begin(demo, "bootstrap", ["cdk", "bootstrap", f"aws://{ACCOUNT}/{REGION}"], cwd=folder)
    _train(demo)
    _finish(demo, "bootstrap", bootstrap)
    _deploy(demo)
    _predict(demo)
    tell_next_steps(address.url, keep_running=keep_running, seconds=time.perf_counter() - started)
    if not keep_running:
        subprocess.run([sys.executable, "-m", "chem_endpoints.cli", "local", "down"], cwd=root, check=True)


def _local_aws(root: Path) -> Address:
    address = find_running(root) or start(ServiceOptions(root=root, port=_free_port(), idle_minutes=IDLE_MINUTES))
    click.echo(f"1. A local AWS listens on {address.url} (no account, no Docker, loopback only).")
    return address


def _free_port() -> int:
    usual = int(os.environ.get(PORT_VARIABLE, DEFAULT_PORT))
    with socket.socket() as probe:
        return 0 if probe.connect_ex(("127.0.0.1", usual)) == 0 else usual


def _train(demo: Demonstration) -> None:
    bundle = demo.folder / "bundles" / "logs-v1.tar.gz"
    click.echo(f"2. Training an XGBoost model on {DATA}:")
    request: dict[str, Any] = {
        "data": DATA,
        "targets": ["log_s"],
        "smiles": "smiles",
        "unit": "log10(mol/L)",
        "identifier": "name",
    }
    request |= {"description": DESCRIPTION, "descriptors": "rdkit_2d", "settings": SETTINGS, "out": str(bundle)}
    digest = run_training("xgboost", request)
    artifact = artifact_path(bundle, demo.root)
    for name, kind in ((REALTIME, "realtime"), (ASYNCHRONOUS, "async")):
        declared = Declared(kind=kind, owner="demo", artifact=artifact, sha256=digest)
        write_declaration(demo.folder / "endpoints" / f"{name}.yaml", declared)
    click.echo(f"   {bundle.relative_to(demo.root)}, model digest {digest[:12]}…")


def _deploy(demo: Demonstration) -> None:
    click.echo("3. Deploying one real-time and one async endpoint (scale to zero) with the CDK CLI:")
    command = ["cdk", "deploy", "--all", "--concurrency", "3", "--require-approval", "never"]
    command += ["--import-existing-resources"]  # log groups outlive their endpoint
    command += ["-c", f"endpoints={(demo.folder / 'endpoints').relative_to(demo.root)}"]
    command += ["--output", str(demo.folder / "cdk.out"), "--outputs-file", str(demo.folder / "outputs.json")]
    started = time.perf_counter()
    _finish(demo, "deploy", _begin(demo, "deploy", command, cwd=demo.root))
    for name in (REALTIME, ASYNCHRONOUS):
        click.echo(f"   {name}: {Endpoint(name).status()}")
    log = (demo.folder / "deploy.log").relative_to(demo.root)
    click.echo(f"   deployed in {time.perf_counter() - started:.0f} s (log: {log})")


def _begin(demo: Demonstration, step: str, command: Sequence[str], *, cwd: Path) -> "subprocess.Popen[bytes]":
    program = shutil.which(command[0], path=demo.variables["PATH"])
    if program is None:
        raise click.ClickException(f"{command[0]} is not installed; run ./setup.sh")
    with (demo.folder / f"{step}.log").open("wb") as log:
        return subprocess.Popen(
            [program, *command[1:]], cwd=cwd, env=demo.variables, stdout=log, stderr=subprocess.STDOUT
        )


def _finish(demo: Demonstration, step: str, process: "subprocess.Popen[bytes]") -> None:
    if process.wait():
        log = demo.folder / f"{step}.log"
        told = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise click.ClickException(f"{step} failed:\n{told}\n(whole log: {log.relative_to(demo.root)})")


def _predict(demo: Demonstration) -> None:
    unseen = pd.read_csv(demo.root / UNSEEN)
    broken = pd.DataFrame({"name": ["a typing error"], "smiles": ["CC(=O)Oc1ccccc1C(=O"]})
    rows = pd.concat([unseen, broken], ignore_index=True)
    started = time.perf_counter()
    answers = {name: Endpoint(name).inference(rows) for name in (REALTIME, ASYNCHRONOUS)}
    seconds = time.perf_counter() - started
    realtime, asynchronous = answers.values()
    columns = ["prediction", "q_05", "q_95", "prediction_error"]
    if not realtime[columns].equals(asynchronous[columns]):
        raise click.ClickException("the two endpoints gave different answers; please report this")
    comparison: Comparison = compare(demo.root, DATA, UNSEEN, realtime.iloc[:-1])
    click.echo(f'4. Endpoint("{REALTIME}").inference(df) and Endpoint("{ASYNCHRONOUS}").inference(df):')
    click.echo(f"   {len(rows)} rows each, the same answers from both, {seconds:.1f} s in all.\n")
    tell_comparison(comparison)
    click.echo(
        f"   A row that cannot be predicted stays in its place and says why:\n     {rows['name'].iloc[-1]}:"
        f" {realtime['prediction_error'].iloc[-1]}\n"
    )
    tell_errors(Endpoint(REALTIME).card(), comparison)
    show_sleep(Sleeper(name=ASYNCHRONOUS, aws=RunningLocalAws(demo.address)), rows, asynchronous[columns])
