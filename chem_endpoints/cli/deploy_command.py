"""``chem-endpoints deploy``: one endpoint, in as many deployments as AWS wants, then a check."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from chem_endpoints.cli.doctor_command import check_deployment
from chem_endpoints.cli.plan_command import REFUSED_STATUS

if TYPE_CHECKING:
    from chem_endpoints.plan.deployment import Step


@click.command()
@click.argument("name")
@click.option("--stage", default="local", show_default=True, help="Stage of stages.yaml.")
@click.option("--endpoints", default="endpoints", show_default=True, help="Folder of declarations, from the clone.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def deploy(name: str, stage: str, endpoints: str, yes: bool) -> None:
    """Deploy the endpoint NAME with the CDK CLI, after showing what that changes and costs.

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
        click.echo(markdown(header, [deployment.plan], prices))
        if not deployment.steps:
            raise SystemExit(REFUSED_STATUS)
        count = len(deployment.steps)
        if not yes:
            steps = f" in {count} steps" if count > 1 else ""
            click.confirm(f"Deploy {deployment.stack} to {stage}{steps}?", abort=True)
        for number, step in enumerate(deployment.steps, start=1):
            click.echo(f"Step {number} of {count}: {step.title}")
            _cdk_deploy(root, deployment.stack, step)
    check_deployment(name, region=declared.region)


def _cdk_deploy(root: Path, stack: str, step: "Step") -> None:
    """Deploys what lies in an assembly: exactly what the plan has shown."""
    from chem_endpoints.cli.clone import tool_path

    path = tool_path(root, os.environ.get("PATH", ""))
    program = shutil.which("cdk", path=path)
    if program is None:
        raise click.ClickException("cdk is not installed; run ./setup.sh")
    command = [program, "deploy", stack, "--app", str(step.assembly), "--require-approval", "never"]
    command += ["--import-existing-resources"]  # log groups outlive their endpoint
    command += ["--exclusively"] if step.exclusively else []
    done = subprocess.run(command, cwd=root, env={**os.environ, "PATH": path}, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
