"""The declaration of one endpoint: what a file of ``endpoints/`` says, checked."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Self, get_args

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from chem_endpoints.spec.asynchronous import AsyncAlarms, AsyncClient, AsyncServing
from chem_endpoints.spec.callers import Callers
from chem_endpoints.spec.component import ComponentAlarms, ComponentClient, ComponentServing
from chem_endpoints.spec.declared_values import EndpointName, Sentence
from chem_endpoints.spec.model_source import ModelSource
from chem_endpoints.spec.realtime import RealtimeAlarms, RealtimeClient, RealtimeServing
from chem_endpoints.spec.rules import broken_rules
from chem_endpoints.spec.serverless import ServerlessAlarms, ServerlessClient, ServerlessServing
from chem_endpoints.spec.strict_model import StrictModel
from chem_endpoints.spec.support_matrix import Kind
from chem_endpoints.spec.tag_values import Tags, TagText

BROKEN_RULES = "broken_rules"
"""Type of the error that lists what contradicts itself in a declaration whose values are fine one by one."""


class _Declared(StrictModel):
    name: EndpointName
    """SageMaker endpoint name, literal."""
    owner: TagText
    """The team that answers for the model."""
    description: Sentence = ""
    """One sentence on what the model predicts, in ASCII; default: empty."""
    model: ModelSource
    """Which model is served: artifact, sha256, image."""
    callers: Callers = ()
    """IAM roles and users that may invoke the endpoint; those of another account than the stage's are left out."""
    tags: Tags = Field(default_factory=dict)
    """Tags of every resource of the endpoint's stack, for example a cost centre."""

    @model_validator(mode="after")
    def _contradicts_nothing(self) -> Self:
        broken = broken_rules(self.model_dump())
        if broken:
            reasons = "; ".join(f"{violation.field} {violation.reason}" for violation in broken)
            raise PydanticCustomError(BROKEN_RULES, "{reasons}", {"reasons": reasons, "violations": broken})
        return self


class RealtimeSpec(_Declared):
    """An endpoint that answers each HTTP call at once."""

    serving: RealtimeServing
    """Instances, scaling, capture, variants, deployment."""
    client: RealtimeClient = RealtimeClient()
    """How our client talks to it."""
    alarms: RealtimeAlarms = RealtimeAlarms()
    """When to call somebody."""


class AsyncSpec(_Declared):
    """An endpoint that answers through S3 and sleeps while nothing is queued."""

    serving: AsyncServing
    """Instances, scaling, retention, deployment."""
    client: AsyncClient = AsyncClient()
    """How our client talks to it."""
    alarms: AsyncAlarms = AsyncAlarms()
    """When to call somebody."""


class ServerlessSpec(_Declared):
    """An endpoint without instances of its own."""

    serving: ServerlessServing
    """Memory, concurrency."""
    client: ServerlessClient = ServerlessClient()
    """How our client talks to it."""
    alarms: ServerlessAlarms = ServerlessAlarms()
    """When to call somebody."""


class ComponentSpec(_Declared):
    """A real-time endpoint that scales to zero copies and zero instances."""

    serving: ComponentServing
    """Copies, instances, scaling."""
    client: ComponentClient = ComponentClient()
    """How our client talks to it."""
    alarms: ComponentAlarms = ComponentAlarms()
    """When to call somebody."""


SPEC_BY_KIND: Mapping[Kind, type[RealtimeSpec | AsyncSpec | ServerlessSpec | ComponentSpec]] = MappingProxyType(
    {"realtime": RealtimeSpec, "async": AsyncSpec, "serverless": ServerlessSpec, "inference_component": ComponentSpec}
)
"""The declaration of each kind."""


def kind_of(declared: object) -> object:
    """``serving.kind`` of a declaration, checked or not; None where there is none."""
    if isinstance(declared, _Declared):
        return next(kind for kind, spec in SPEC_BY_KIND.items() if isinstance(declared, spec))
    serving = declared.get("serving") if isinstance(declared, dict) else None
    return serving.get("kind") if isinstance(serving, dict) else None


EndpointSpec = Annotated[
    Annotated[RealtimeSpec, Tag("realtime")]
    | Annotated[AsyncSpec, Tag("async")]
    | Annotated[ServerlessSpec, Tag("serverless")]
    | Annotated[ComponentSpec, Tag("inference_component")],
    Discriminator(kind_of),
]
"""A checked declaration of any kind."""


def models_of(spec: EndpointSpec) -> tuple[tuple[str, ModelSource], ...]:
    """Every model that a declaration names, with the dotted path of the section that names it."""
    models = [("model", spec.model)]
    if isinstance(spec, RealtimeSpec):
        models += [(f"serving.variants.{i}.model", each.model) for i, each in enumerate(spec.serving.variants)]
        models += [("serving.shadow.model", spec.serving.shadow.model)] if spec.serving.shadow else []
    return tuple(models)


assert set(SPEC_BY_KIND) == set(get_args(Kind))
