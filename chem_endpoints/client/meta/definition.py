"""What a meta endpoint is made of, as Python, JSON and YAML have it; every mistake is told at once."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from chem_endpoints.errors import InvalidInputError

OnFailure = Literal["fail", "empty", "skip"]
"""What happens when an endpoint cannot be asked: ``fail``: the inference raises; ``empty``: its rows carry a reason;
``skip``: combinations go on as if it were not part of them."""

How = Literal[
    "concat",
    "mean",
    "weighted",
    "inverse_mae_weighted",
    "confidence_weighted",
    "scaled_confidence_weighted",
    "inverse_variance_weighted",
    "vote",
]
"""How answers become one; `HOW` says what each does."""

HOW: dict[How, str] = {
    "concat": "every column of every input, `<input>_<column>`, side by side",
    "mean": "mean of the predictions",
    "weighted": "mean by the `weights` of the definition",
    "inverse_mae_weighted": "mean by 1 / MAE, from the models' cards",
    "confidence_weighted": "mean by each row's `confidence`",
    "scaled_confidence_weighted": "mean by each row's `confidence` / MAE",
    "inverse_variance_weighted": "mean by 1 / (width of each row's 90 % interval)²",
    "vote": "the class that most inputs say; of equal votes the one with the higher summed chance",
}

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EndpointNode(_Strict):
    """An endpoint that is asked."""

    endpoint: str = Field(min_length=1, max_length=63)
    """SageMaker endpoint name."""
    inputs: tuple[Name, ...] = ()
    """Nodes whose answers it reads beside the caller's columns, such as a feature endpoint; an answer takes precedence
    over a column of the caller with its name."""
    on_failure: OnFailure = "fail"


class CombinationNode(_Strict):
    """Answers that become one."""

    combine: How
    inputs: tuple[Name, ...] = Field(min_length=1)
    """Nodes, in the order of their columns."""
    weights: dict[Name, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = {}
    """Of ``weighted``: input → weight."""
    require_all: bool = False
    """Whether a row that one input cannot take fails; else it keeps what the others say."""


Node = EndpointNode | CombinationNode


class Definition(_Strict):
    """A meta endpoint."""

    format: Literal[1] = 1
    name: str = Field(default="meta", min_length=1, max_length=63)
    """What reports and the progress line call it."""
    nodes: dict[Name, Node] = Field(min_length=1)
    output: Name | None = None
    """The node whose answers come back; default: the only one that no other node reads."""

    @property
    def last(self) -> str:
        """The node whose answers come back."""
        return self.output or _ends(self)[0]

    @property
    def order(self) -> tuple[str, ...]:
        """Every node after those that it reads."""
        return tuple(TopologicalSorter({name: node.inputs for name, node in self.nodes.items()}).static_order())


def read_definition(document: Mapping[str, Any]) -> Definition:
    """Checks a definition as `MetaEndpoint.to_dict` gives it.

    Raises:
        InvalidInputError: names every mistake, each with its node.
    """
    chosen = {**document, "nodes": _tagged(document.get("nodes"))}
    try:
        definition = TypeAdapter(Definition).validate_python(chosen)
    except ValidationError as error:
        told = [f"{_place(found['loc'])}: {found['msg']}" for found in error.errors(include_input=False)]
        raise _refused(told) from None
    if mistakes := list(_mistakes(definition)):
        raise _refused(mistakes)
    return definition


def _tagged(nodes: object) -> object:
    """Nodes as their own class, so that mistakes are told for the kind of node that was meant."""
    if not isinstance(nodes, Mapping):
        return nodes
    return {name: _node(name, node) if isinstance(node, Mapping) else node for name, node in nodes.items()}


def _node(name: object, node: Mapping[str, Any]) -> object:
    if "endpoint" in node and "combine" in node:
        raise _refused([f"node {name!r}: give endpoint or combine, not both"])
    kind = CombinationNode if "combine" in node else EndpointNode
    try:
        return kind.model_validate(node)
    except ValidationError:
        return node  # told with the rest, of both kinds


def _place(location: tuple[int | str, ...]) -> str:
    if location[:1] == ("nodes",) and len(location) > 1:
        return " ".join([f"node {location[1]!r}", *(str(part) for part in location[2:])])
    return ".".join(str(part) for part in location)


def _refused(mistakes: list[str]) -> InvalidInputError:
    return InvalidInputError("the meta endpoint cannot be built: " + "; ".join(dict.fromkeys(mistakes)))


def _mistakes(definition: Definition) -> Iterator[str]:
    nodes = definition.nodes
    for name, node in nodes.items():
        yield from (f"node {name!r} reads {other!r}, which is no node" for other in node.inputs if other not in nodes)
        yield from (f"node {name!r} reads {o!r} twice" for o in dict.fromkeys(node.inputs) if node.inputs.count(o) > 1)
        if isinstance(node, CombinationNode):
            yield from _weight_mistakes(name, node)
        for other in node.inputs if isinstance(node, EndpointNode) else ():
            source = nodes.get(other)
            if isinstance(source, EndpointNode) and source.on_failure == "skip":
                yield f"node {name!r} needs the columns of {other!r}, which may be skipped: let it fail or be empty"
    if cycle := _cycle(definition):
        yield f"the nodes {' → '.join(cycle)} read each other in a circle"
        return
    yield from _output_mistakes(definition)


def _weight_mistakes(name: str, node: CombinationNode) -> Iterator[str]:
    if node.combine != "weighted":
        if node.weights:
            yield f"node {name!r} has weights, but combine: {node.combine} takes none"
        return
    yield from (f"node {name!r} has no weight for {other!r}" for other in node.inputs if other not in node.weights)
    unread = [other for other in node.weights if other not in node.inputs]
    yield from (f"node {name!r} has a weight for {other!r}, which it does not read" for other in unread)


def _output_mistakes(definition: Definition) -> Iterator[str]:
    if definition.output is None:
        ends = _ends(definition)
        if len(ends) > 1:
            yield f"the nodes {', '.join(map(repr, ends))} are read by none: combine them, or name one as output"
        return
    if definition.output not in definition.nodes:
        yield f"the output {definition.output!r} is no node"
        return
    reached: set[str] = set()
    waiting = [definition.output]
    while waiting:
        name = waiting.pop()
        if name in definition.nodes and name not in reached:
            reached.add(name)
            waiting += definition.nodes[name].inputs
    unread = [name for name in definition.nodes if name not in reached]
    yield from (f"node {name!r} has no part in the output {definition.output!r}: leave it out" for name in unread)


def _ends(definition: Definition) -> list[str]:
    read = {other for node in definition.nodes.values() for other in node.inputs}
    return [name for name in definition.nodes if name not in read]


def _cycle(definition: Definition) -> list[str]:
    try:
        _ = definition.order
    except CycleError as error:
        return [str(name) for name in reversed(error.args[1])]
    return []
