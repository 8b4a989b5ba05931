"""The declaration of one endpoint: what a file of ``endpoints/`` says, checked."""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from chem_endpoints.spec.asynchronous import AsyncAlarms, AsyncClient, AsyncServing
from chem_endpoints.spec.callers import Callers
from chem_endpoints.spec.declared_values import ArtifactLocation, EndpointName, ModelDigest, Sentence
from chem_endpoints.spec.realtime import RealtimeAlarms, RealtimeClient, RealtimeServing
from chem_endpoints.spec.rules import broken_rules
from chem_endpoints.spec.strict_model import StrictModel
from chem_endpoints.spec.tag_values import Tags, TagText

BROKEN_RULES = "broken_rules"
"""Type of the error that lists what contradicts itself in a declaration whose values are fine one by one."""

Image = Literal["base", "deep", "deep-gpu"]
"""``base``: XGBoost and scikit-learn; ``deep``: adds torch and ChemProp; ``deep-gpu``: the same on a GPU."""


class ModelSource(StrictModel):
    """Which model is served, and in which image."""

    artifact: ArtifactLocation
    """model.tar.gz: a file's path from the repository's root, or s3://bucket/key."""
    sha256: ModelDigest
    """The model digest: SHA-256 of the bundle's manifest.json, which lists the SHA-256 of every other file. Checked
    at synth for local artifacts, and at the container's start for all."""
    image: Image = "base"
    """base, deep (torch, ChemProp) or deep-gpu; default base."""

    @property
    def is_local(self) -> bool:
        """True for a file of the repository, False for an object in S3."""
        return not self.artifact.startswith("s3://")


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
    """Instances, scaling, capture."""
    client: RealtimeClient = RealtimeClient()
    """How our client talks to it."""
    alarms: RealtimeAlarms = RealtimeAlarms()
    """When to call somebody."""


class AsyncSpec(_Declared):
    """An endpoint that answers through S3 and sleeps while nothing is queued."""

    serving: AsyncServing
    """Instances, scaling, retention."""
    client: AsyncClient = AsyncClient()
    """How our client talks to it."""
    alarms: AsyncAlarms = AsyncAlarms()
    """When to call somebody."""


def kind_of(declared: object) -> object:
    """``serving.kind`` of a declaration, checked or not; None where there is none."""
    if isinstance(declared, RealtimeSpec | AsyncSpec):
        return declared.serving.kind
    serving = declared.get("serving") if isinstance(declared, dict) else None
    return serving.get("kind") if isinstance(serving, dict) else None


EndpointSpec = Annotated[
    Annotated[RealtimeSpec, Tag("realtime")] | Annotated[AsyncSpec, Tag("async")],
    Discriminator(kind_of),
]
"""A checked declaration of either kind."""
