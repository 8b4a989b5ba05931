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
        before: plans of the stacks that it depends on: the CDK CLI deploys them first.
        declared: the assembly of the declarations.
        steps: in order; none where AWS takes the change neither in one nor in two deployments, or refuses that of a
            stack it depends on.
    """

    stack: str
    plan: StackPlan
    before: tuple[StackPlan, ...]
    declared: Assembly
    steps: tuple[Step, ...]

    @property
    def touched(self) -> tuple[str, ...]:
        """Every stack that changes, in the order of the plans, and its own in any case."""
        return (*(one.stack for one in self.before if one.changed), self.stack)


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
    planned = {one.stack: one for one in plans(declared, other, prices=prices, throughput={})}
    plan, before = planned[stack], tuple(planned[name] for name in declared.dependencies[stack])
    steps: tuple[Step, ...] = ()
    if _is_possible(plan, before):
        steps = (Step(title=f"{stack} as declared", assembly=declared.folder),)
    if steps and plan.refused:
        first = Step(title=f"{stack} as it is, without automatic scaling", assembly=folder / "first", exclusively=True)
        write_assembly(first.assembly, stack=stack, deployed=deployed[stack], like=declared.folder)
        steps = (first, *steps)
    return Deployment(stack=stack, plan=plan, before=before, declared=declared, steps=steps)


def _is_possible(plan: StackPlan, before: tuple[StackPlan, ...]) -> bool:
    return all(refusal.two_steps for refusal in plan.refused) and not any(one.refused for one in before)
