"""Both sides of a plan: what is declared now, and what it is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from chem_endpoints.plan.assembly import (
    Assembly,
    AssemblyError,
    export_commit,
    read_assembly,
    synthesize,
)
from chem_endpoints.plan.cost import CostModel
from chem_endpoints.plan.deployed import deployed_stacks
from chem_endpoints.plan.prices import Prices
from chem_endpoints.plan.stack_plan import StackPlan, plan_stack
from chem_endpoints.plan.template import STACK_PREFIX, Template
from chem_endpoints.spec.yaml_file import UnreadableFileError, read_mapping

STAGES = "stages.yaml"
_SHOWN_COMMIT = 12


@dataclass(frozen=True, kw_only=True)
class Side:
    """What the declared templates are compared with: by stack name, and what to call it."""

    templates: Mapping[str, Template]
    name: str


def base_side(root: Path, commit: str, *, name: str | None = None, context: Mapping[str, str]) -> Side:
    """The app of a commit, synthesized from an export of its tree with this clone's Python packages.

    Args:
        root: the clone.
        commit: its id.
        name: what the reviewer called it; default: the start of its id.
        context: as after ``-c``; a folder of declarations that the commit lacks counts as empty, and so does a stage.

    Raises:
        AssemblyError: its app fails.
    """
    called = f"commit {name or commit[:_SHOWN_COMMIT]}"
    with TemporaryDirectory() as temporary:
        tree, folder = Path(temporary) / "tree", Path(temporary) / "cdk.out"
        export_commit(root, commit, tree)
        (tree / context.get("endpoints", "endpoints")).mkdir(parents=True, exist_ok=True)
        if _lacks(tree / STAGES, context.get("stage")):
            return Side(templates={}, name=f"{called}, which has no stage {context['stage']}")
        try:
            templates = synthesize(tree, folder, context=context).templates
        except AssemblyError as error:
            raise AssemblyError(f"the app of {called} does not synthesize: {error}") from None
    return Side(templates=templates, name=called)


def _lacks(stages: Path, stage: str | None) -> bool:
    """Whether a readable file of stages does not name the stage; what is wrong with another file, the app tells."""
    try:
        return stage is not None and stages.is_file() and stage not in read_mapping(stages)
    except UnreadableFileError:
        return False


def folder_side(folder: Path) -> Side:
    """A cloud assembly that somebody kept.

    Raises:
        AssemblyError: it is none.
    """
    return Side(templates=read_assembly(folder).templates, name=folder.name)


def deployed_side(assembly: Assembly) -> Side:
    """What CloudFormation holds in the account and region of an assembly.

    Raises:
        AssemblyError: AWS cannot be reached, or is another account.
    """
    stacks = deployed_stacks(account=assembly.account, region=assembly.region)
    return Side(templates={name: stack.template for name, stack in stacks.items()}, name="what is deployed")


def plans(declared: Assembly, other: Side, *, prices: Prices, throughput: Mapping[str, float]) -> tuple[StackPlan, ...]:
    """One plan per stack of either side, by name.

    Args:
        declared: what is to be deployed.
        other: what is there.
        prices: the table.
        throughput: rows per second of one instance, by endpoint.

    Raises:
        AssemblyError: a throughput names no endpoint.
    """
    names = sorted({*declared.templates, *other.templates})
    unknown = [name for name in throughput if f"{STACK_PREFIX}{name}" not in names]
    if unknown:
        raise AssemblyError(f"--throughput: no endpoint {', '.join(unknown)}")
    costs = CostModel(prices=prices, region=declared.region)
    return tuple(
        plan_stack(
            name,
            old=other.templates.get(name),
            new=declared.templates.get(name),
            costs=costs,
            rows_per_second=throughput.get(name.removeprefix(STACK_PREFIX)),
        )
        for name in names
    )
