"""What AWS supports for each kind of endpoint, with the AWS page that says so.

What a declaration may not ask of its kind, and the bounds that depend on the kind, come from this one table. Sizes
stand here for whoever sends requests or takes AWS's place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, Literal, TypeVar

Kind = Literal["realtime", "async", "serverless", "inference_component"]
"""``serving.kind`` of a declaration."""

_Value = TypeVar("_Value")


@dataclass(frozen=True, kw_only=True)
class Cell(Generic[_Value]):
    """One fact: the value, the AWS page that states it, and what to use where AWS offers nothing."""

    value: _Value
    source: str
    instead: str = ""


@dataclass(frozen=True, kw_only=True)
class KindSupport:
    """A column of the table: what one kind of endpoint supports."""

    scale_to_zero: Cell[bool]
    """Whether nothing may run (no instance, no copy, no provisioned concurrency that scaling owns)."""
    burstable_autoscaling: Cell[bool]
    """Whether instances of the ``ml.t`` families may scale."""
    instances: Cell[bool]
    """Whether the declaration chooses instances."""
    scaling: Cell[bool]
    """Whether the size may follow the load, and the clock."""
    vpc: Cell[bool]
    """Whether the container may run in a VPC."""
    isolation: Cell[bool]
    """Whether the container may be cut off from every network."""
    data_capture: Cell[bool]
    """Whether SageMaker copies requests and answers to S3."""
    monitor: Cell[bool]
    """Whether Model Monitor compares captured data with a baseline."""
    retained_objects: Cell[bool]
    """Whether requests and answers lie in S3 in any case, so that they need an expiry."""
    variants: Cell[bool]
    """Whether several production variants may share the traffic."""
    shadow: Cell[bool]
    """Whether a variant may get a copy of the traffic."""
    enhanced_metrics: Cell[bool]
    """Whether metrics may be published more often and per instance."""
    all_at_once: Cell[bool]
    """Whether an update may watch alarms and go back, all instances at a time."""
    canary: Cell[bool]
    """The same with one share first."""
    linear: Cell[bool]
    """The same in equal shares."""
    rolling: Cell[bool]
    """The same in batches that replace what runs."""
    request_bytes: Cell[int]
    """Most bytes of a request, wherever they lie: in the HTTP body or, asynchronously, in an S3 object."""
    inline_request_bytes: Cell[int]
    """Most bytes of a request that lies in the HTTP body."""
    response_seconds: Cell[int]
    """Most seconds that the container may work on a request."""
    queue_seconds: Cell[int]
    """Most seconds that a request may wait for an instance; 0 without a queue."""


_GUIDE = "SageMaker developer guide: "
_API = "SageMaker API reference: "
_BLUE_GREEN = f"{_GUIDE}Blue/Green Deployments"
_ROLLING = f"{_GUIDE}Use rolling deployments"
_EXCLUSIONS = f"{_GUIDE}Deployment guardrails: exclusions"
_SERVERLESS = f"{_GUIDE}Serverless inference: feature exclusions"
_COMPONENT_UPDATE = f"{_API}InferenceComponentDeploymentConfig"
_FAQ = f"{_GUIDE}Model hosting FAQs"

_BURSTABLE = Cell(
    value=False,
    source="Application Auto Scaling user guide: SageMaker AI and Application Auto Scaling",
    instead="choose for example ml.c7i.large",
)
_INVOKE = f"{_API}InvokeEndpoint"
_NOTHING_IN_S3 = Cell(
    value=False, source=_INVOKE, instead="requests and answers never lie in S3; use serving.capture to keep them"
)
_INSTANCES = Cell(value=True, source=f"{_API}ProductionVariant")
_VPC = Cell(value=True, source=f"{_GUIDE}Give SageMaker AI hosted endpoints access to resources in your VPC")
_ISOLATION = Cell(value=True, source=f"{_GUIDE}Run inference containers in internet-free mode")
_METRICS = Cell(value=True, source=f"{_API}MetricsConfig")
_SIXTY_SECONDS = Cell(value=60, source=_INVOKE)
_NO_QUEUE = Cell(value=0, source=_INVOKE)
_HTTP_BODY = Cell(value=25 * 1024**2, source=_FAQ)

_USE_REALTIME = "declare kind: realtime"
_NOT_SERVERLESS = Cell(value=False, source=_SERVERLESS, instead=_USE_REALTIME)
_SERVERLESS_UPDATES = Cell(
    value=False, source=_EXCLUSIONS, instead="leave it out: AWS updates serverless endpoints all at once"
)
_COMPONENTS_ROLL = Cell(value=False, source=_COMPONENT_UPDATE, instead="use strategy: rolling, or leave it out")
_ONE_MODEL_PER_COMPONENT = Cell(
    value=False, source=f"{_API}CreateInferenceComponent", instead="declare another endpoint, or kind: realtime"
)

SUPPORT: Mapping[Kind, KindSupport] = MappingProxyType(
    {
        "realtime": KindSupport(
            scale_to_zero=Cell(
                value=False,
                source=f"{_GUIDE}Scale an endpoint to zero instances",
                instead="set it to 1 or more, or declare kind: async or inference_component, which can sleep",
            ),
            burstable_autoscaling=_BURSTABLE,
            instances=_INSTANCES,
            scaling=Cell(value=True, source=f"{_GUIDE}Automatic scaling of models"),
            vpc=_VPC,
            isolation=_ISOLATION,
            data_capture=Cell(value=True, source=f"{_GUIDE}Capture data from real-time endpoint"),
            monitor=Cell(value=True, source=f"{_GUIDE}Monitor data quality"),
            retained_objects=_NOTHING_IN_S3,
            variants=Cell(value=True, source=f"{_GUIDE}Test models with production variants"),
            shadow=Cell(value=True, source=f"{_GUIDE}Shadow variants"),
            enhanced_metrics=_METRICS,
            all_at_once=Cell(value=True, source=_BLUE_GREEN),
            canary=Cell(value=True, source=_BLUE_GREEN),
            linear=Cell(value=True, source=_BLUE_GREEN),
            rolling=Cell(value=True, source=_ROLLING),
            request_bytes=_HTTP_BODY,
            inline_request_bytes=_HTTP_BODY,
            response_seconds=_SIXTY_SECONDS,
            queue_seconds=_NO_QUEUE,
        ),
        "async": KindSupport(
            scale_to_zero=Cell(value=True, source=f"{_GUIDE}Autoscale an asynchronous endpoint"),
            burstable_autoscaling=_BURSTABLE,
            instances=_INSTANCES,
            scaling=Cell(value=True, source=f"{_GUIDE}Autoscale an asynchronous endpoint"),
            vpc=_VPC,
            isolation=_ISOLATION,
            data_capture=Cell(
                value=False,
                source=f"{_GUIDE}Data capture (lists real-time endpoints and batch transform only)",
                instead="use serving.retain: it keeps every input and output in S3",
            ),
            monitor=Cell(
                value=False,
                source=f"{_GUIDE}Monitor data quality",
                instead="there is no capture to watch; use kind: realtime",
            ),
            retained_objects=Cell(value=True, source=f"{_GUIDE}Asynchronous inference"),
            variants=Cell(
                value=False,
                source=f"{_GUIDE}Create an asynchronous inference endpoint (describes one variant)",
                instead="declare two endpoints, or kind: realtime",
            ),
            shadow=Cell(
                value=False,
                source=f"{_GUIDE}Shadow variants (real-time endpoints)",
                instead="declare two endpoints, or kind: realtime",
            ),
            enhanced_metrics=_METRICS,
            all_at_once=Cell(value=True, source=_BLUE_GREEN),
            canary=Cell(value=True, source=_BLUE_GREEN),
            linear=Cell(value=True, source=_BLUE_GREEN),
            rolling=Cell(
                value=False,
                source=f"{_ROLLING} (says nothing of asynchronous endpoints)",
                instead="use canary or linear",
            ),
            request_bytes=Cell(value=1024**3, source=f"{_GUIDE}Asynchronous inference"),
            inline_request_bytes=Cell(value=128_000, source=f"{_API}InvokeEndpointAsync"),
            response_seconds=Cell(value=3600, source=f"{_API}InvokeEndpointAsync"),
            queue_seconds=Cell(value=21_600, source=f"{_API}InvokeEndpointAsync"),
        ),
        "serverless": KindSupport(
            scale_to_zero=Cell(
                value=False,
                source=f"{_GUIDE}Automatically scale Provisioned Concurrency for a serverless endpoint",
                instead="leave provisioned_concurrency out: nothing is then paid between requests",
            ),
            burstable_autoscaling=_BURSTABLE,
            instances=Cell(
                value=False, source=f"{_API}ProductionVariantServerlessConfig", instead="choose memory_mb instead"
            ),
            scaling=Cell(
                value=True,
                source=f"{_GUIDE}Automatically scale Provisioned Concurrency for a serverless endpoint",
            ),
            vpc=_NOT_SERVERLESS,
            isolation=Cell(
                value=False,
                source=_SERVERLESS,
                instead="leave it out, or declare kind: realtime if the container must have no network",
            ),
            data_capture=_NOT_SERVERLESS,
            monitor=_NOT_SERVERLESS,
            retained_objects=Cell(value=False, source=_INVOKE, instead="requests and answers never lie in S3"),
            variants=_NOT_SERVERLESS,
            shadow=Cell(value=False, source=f"{_GUIDE}Shadow variants", instead=_USE_REALTIME),
            enhanced_metrics=Cell(
                value=False, source=f"{_API}MetricsConfig (speaks of instances)", instead=_USE_REALTIME
            ),
            all_at_once=_SERVERLESS_UPDATES,
            canary=_SERVERLESS_UPDATES,
            linear=_SERVERLESS_UPDATES,
            rolling=_SERVERLESS_UPDATES,
            request_bytes=Cell(value=4 * 1024**2, source=_FAQ),
            inline_request_bytes=Cell(value=4 * 1024**2, source=_FAQ),
            response_seconds=_SIXTY_SECONDS,
            queue_seconds=_NO_QUEUE,
        ),
        "inference_component": KindSupport(
            scale_to_zero=Cell(value=True, source=f"{_GUIDE}Scale an endpoint to zero instances"),
            burstable_autoscaling=_BURSTABLE,
            instances=_INSTANCES,
            scaling=Cell(value=True, source=f"{_GUIDE}Scale an endpoint to zero instances"),
            vpc=_VPC,
            isolation=_ISOLATION,
            data_capture=Cell(
                value=True,
                source=f"{_GUIDE}Capture data from real-time endpoint (names no components: capture.unverified)",
            ),
            monitor=Cell(value=False, source=f"{_GUIDE}Monitor data quality", instead=_USE_REALTIME),
            retained_objects=_NOTHING_IN_S3,
            variants=_ONE_MODEL_PER_COMPONENT,
            shadow=_ONE_MODEL_PER_COMPONENT,
            enhanced_metrics=_METRICS,
            all_at_once=_COMPONENTS_ROLL,
            canary=_COMPONENTS_ROLL,
            linear=_COMPONENTS_ROLL,
            rolling=Cell(value=True, source=_COMPONENT_UPDATE),
            request_bytes=_HTTP_BODY,
            inline_request_bytes=_HTTP_BODY,
            response_seconds=_SIXTY_SECONDS,
            queue_seconds=_NO_QUEUE,
        ),
    }
)
"""The table."""
