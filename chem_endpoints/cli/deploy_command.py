"""``chem-endpoints deploy``: one endpoint, in as many deployments as AWS wants, then a check."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from chem_endpoints.cli.doctor_command import check_deployment, tell_findings
from chem_endpoints.cli.plan_command import REFUSED_STATUS

if TYPE_CHECKING:
    from chem_endpoints.plan.deployment import Deployment, Step


@click.command()
@click.argument("name")
@click.option("--stage", default="local", show_default=True, help="Stage of stages.yaml.")
@click.option("--endpoints", default="endpoints", show_default=True, help="Folder of declarations, from the clone.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def deploy(name: str, stage: str, endpoints: str, yes: bool) -> None:
    """Deploy the endpoint NAME with the CDK CLI, after showing what that changes and costs.

    The stacks that it depends on (foundation, network, images) are shown, named in the question and deployed first.
    Where AWS refuses the change in one deployment (the instance type of a variant that is scaled automatically), it
    runs two: the deployed stack without its scaling, then the new one.

    \b
    Example:
      chem-endpoints local run -- chem-endpoints deploy logs-v1
    """
    from chem_endpoints.cli.clone import require_clone
    from chem_endpoints.plan.assembly import AssemblyError
    from chem_endpoints.plan.deployment import prepare
    from chem_endpoints.plan.markdown import Header, markdown
    from chem_endpoints.plan.prices import load_prices

    root, prices = require_clone(), load_prices()
    with TemporaryDirectory() as folder:
        try:
            deployment = prepare(root, Path(folder), endpoint=name, stage=stage, endpoints=endpoints, prices=prices)
        except AssemblyError as error:
            raise click.ClickException(str(error)) from None
        declared = deployment.declared
        header = Header(stage=stage, account=declared.account, region=declared.region, compared_with="what is deployed")
        click.echo(markdown(header, [*deployment.before, deployment.plan], prices))
        if not deployment.steps:
            raise SystemExit(REFUSED_STATUS)
        if not yes:
            click.confirm(question(deployment, stage), abort=True)
        run_steps(root, deployment, again=_command(name, stage, endpoints))
    check_deployment(name, region=declared.region)


def question(deployment: "Deployment", stage: str) -> str:
    """Names every stack that changes, and how often the CDK CLI is run."""
    *before, last = deployment.touched
    first = f"{', '.join(before)}, then " if before else ""
    count = len(deployment.steps)
    return f"Deploy {first}{last} to {stage}{f' in {count} steps' if count > 1 else ''}?"


def run_steps(root: Path, deployment: "Deployment", *, again: str) -> None:
    """Runs the steps in order.

    Args:
        root: the clone.
        deployment: what to do.
        again: the command that takes up a deployment whose last step failed.

    Raises:
        SystemExit: a step failed, with the CDK CLI's status.
    """
    count = len(deployment.steps)
    for number, step in enumerate(deployment.steps, start=1):
        click.echo(f"Step {number} of {count}: {step.title}")
        status = _cdk_deploy(root, deployment.stack, step)
        if status and number > 1:
            _tell_halfway(deployment, again)
        if status:
            raise SystemExit(status)


def _tell_halfway(deployment: "Deployment", again: str) -> None:
    from chem_endpoints.doctor import CannotLookError

    name = deployment.plan.endpoint
    click.echo(
        f"Error: the last step failed, and the one before took the scaling away: automatic scaling of {name} is OFF."
        " It keeps the instances that run now; at zero it does not wake."
        f" Mend what failed, then run: {again}",
        err=True,
    )
    try:
        tell_findings(name, region=deployment.declared.region)
    except CannotLookError as error:
        click.echo(f"Error: {error}", err=True)


def _command(name: str, stage: str, endpoints: str) -> str:
    return f"chem-endpoints deploy {name} --stage {stage} --endpoints {endpoints}"


def _cdk_deploy(root: Path, stack: str, step: "Step") -> int:
    """Deploys what lies in an assembly, the stacks that this one depends on included: just what the plans have shown.

    Returns:
        The CDK CLI's status.
    """
    from chem_endpoints.cli.clone import tool_path

    path = tool_path(root, os.environ.get("PATH", ""))
    program = shutil.which("cdk", path=path)
    if program is None:
        raise click.ClickException("cdk is not installed; run ./setup.sh")
    command = [program, "deploy", stack, "--app", str(step.assembly), "--require-approval", "never"]
    command += ["--import-existing-resources"]  # log groups outlive their endpoint
    command += ["--exclusively"] if step.exclusively else []
    return subprocess.run(command, cwd=root, env={**os.environ, "PATH": path}, check=False).returncode
