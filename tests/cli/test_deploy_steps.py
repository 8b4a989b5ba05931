"""Promise: the question names all that is deployed, and a deployment that ends halfway says that scaling is off."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chem_endpoints.cli.deploy_command import question, run_steps
from chem_endpoints.plan.assembly import Assembly
from chem_endpoints.plan.cost import CostModel
from chem_endpoints.plan.deployment import Deployment, Step
from chem_endpoints.plan.prices import load_prices
from chem_endpoints.plan.stack_plan import StackPlan, plan_stack
from chem_endpoints.plan.template import Template

TOPIC = Template(body={"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}})
AGAIN = "chem-endpoints deploy logs-v1 --stage prod --endpoints endpoints"


def planned(name: str, *, changed: bool) -> StackPlan:
    costs = CostModel(prices=load_prices(), region="us-east-1")
    return plan_stack(f"ChemEndpoints-{name}", old=None if changed else TOPIC, new=TOPIC, costs=costs)


@pytest.fixture
def deployment(tmp_path: Path) -> Callable[..., Deployment]:
    """Of logs-v1, on a new network and a foundation as it is."""

    def make(steps: int) -> Deployment:
        declared = Assembly(folder=tmp_path, templates={}, dependencies={}, account="1", region="us-east-1")
        return Deployment(
            stack="ChemEndpoints-logs-v1",
            plan=planned("logs-v1", changed=True),
            before=(planned("foundation", changed=False), planned("network", changed=True)),
            declared=declared,
            steps=tuple(Step(title=f"number {n}", assembly=tmp_path / str(n)) for n in range(1, steps + 1)),
        )

    return make


def test_the_question_names_every_stack_that_changes(deployment: Callable[..., Deployment]) -> None:
    assert question(deployment(1), "prod") == "Deploy ChemEndpoints-network, then ChemEndpoints-logs-v1 to prod?"
    assert question(deployment(2), "prod").endswith("ChemEndpoints-logs-v1 to prod in 2 steps?")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a program of the CDK CLI's name that fails at the assembly `fails`; no AWS to ask."""
    program = tmp_path / "node_modules" / ".bin" / "cdk"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\n[ "$(basename "$4")" = "$(cat fails)" ] && exit 3\nexit 0\n')
    program.chmod(0o755)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    return tmp_path


@pytest.mark.parametrize(("fails", "told"), [("none", False), ("1", False), ("2", True)])
def test_a_second_step_that_fails_says_that_scaling_is_off(
    clone: Path,
    deployment: Callable[..., Deployment],
    capsys: pytest.CaptureFixture[str],
    fails: str,
    told: bool,
) -> None:
    (clone / "fails").write_text(fails)
    if fails == "none":
        run_steps(clone, deployment(2), again=AGAIN)
    else:
        with pytest.raises(SystemExit) as ended:
            run_steps(clone, deployment(2), again=AGAIN)
        assert ended.value.code == 3
    errors = capsys.readouterr().err
    assert ("automatic scaling of logs-v1 is OFF" in errors) is told
    assert (f"then run: {AGAIN}" in errors) is told
    assert ("Error: cannot look" in errors) is told, "the doctor was asked"
