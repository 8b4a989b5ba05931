"""What it takes to deploy one endpoint: a plan against what is deployed, and one assembly per step."""

from dataclasses import dataclass
from pathlib import Path

from chem_endpoints.plan.assembly import Assembly, AssemblyError, synthesize
from chem_endpoints.plan.comparison import Side, plans
from chem_endpoints.plan.deployed import deployed_stacks
from chem_endpoints.plan.prices import Prices
from chem_endpoints.plan.stack_plan import StackPlan
from chem_endpoints.plan.template import STACK_PREFIX
from chem_endpoints.plan.without_scaling import write_assembly


@dataclass(frozen=True, kw_only=True)
class Step:
    """One run of ``cdk deploy``.

    Attributes:
        title: what it does.
        assembly: what it deploys.
        exclusively: the assembly holds this stack alone.
    """

    title: str
    assembly: Path
    exclusively: bool = False


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One endpoint's way from what is deployed to what is declared.

    Attributes:
        stack: its name.
        plan: what changes.
        declared: the assembly of the declarations.
        steps: in order; none where AWS takes the change neither in one nor in two deployments.
    """

    stack: str
    plan: StackPlan
    declared: Assembly
    steps: tuple[Step, ...]


def prepare(root: Path, folder: Path, *, endpoint: str, stage: str, endpoints: str, prices: Prices) -> Deployment:
    """Synthesizes, compares and writes the assemblies.

    Args:
        root: the clone.
        folder: where the assemblies go; they must outlive the deployment.
        endpoint: its name.
        stage: of stages.yaml.
        endpoints: folder of declarations.
        prices: the table that the plan counts with.

    Raises:
        AssemblyError: the app fails, the endpoint is not declared, or AWS cannot be asked.
    """
    stack = f"{STACK_PREFIX}{endpoint}"
    declared = synthesize(root, folder / "declared", context={"stage": stage, "endpoints": endpoints})
    if stack not in declared.templates:
        known = ", ".join(sorted(one.removeprefix(STACK_PREFIX) for one in declared.templates))
        raise AssemblyError(f"{endpoint} is not declared in {endpoints}; there are {known}")
    deployed = deployed_stacks(account=declared.account, region=declared.region)
    other = Side(templates={name: one.template for name, one in deployed.items()}, name="what is deployed")
    (plan,) = (one for one in plans(declared, other, prices=prices, throughput={}) if one.stack == stack)
    last = Step(title=f"{stack} as declared", assembly=declared.folder)
    if not plan.refused:
        return Deployment(stack=stack, plan=plan, declared=declared, steps=(last,))
    if not all(refusal.two_steps for refusal in plan.refused):
        return Deployment(stack=stack, plan=plan, declared=declared, steps=())
    first = Step(title=f"{stack} as it is, without automatic scaling", assembly=folder / "first", exclusively=True)
    write_assembly(first.assembly, stack=stack, deployed=deployed[stack], like=declared.folder)
    return Deployment(stack=stack, plan=plan, declared=declared, steps=(first, last))
