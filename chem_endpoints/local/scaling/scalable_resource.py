"""What Application Auto Scaling resizes: a variant's instances, its provisioned concurrency, a component's copies."""

import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.local.own_clients import OwnClients

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
PROVISIONED_CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"
COPIES = "sagemaker:inference-component:DesiredCopyCount"

_WHAT = {INSTANCES: "desired instance count", PROVISIONED_CONCURRENCY: "provisioned concurrency", COPIES: "copy count"}
_VARIANT = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")
_MISSING = "could not find"
_COMPONENT = re.compile(r"inference-component/([^/]+)")


class UnknownResourceError(ValueError):
    """A resource id or dimension that SageMaker does not have."""


@dataclass(frozen=True)
class ResourceKey:
    """A scalable resource of SageMaker."""

    region: str
    resource_id: str
    dimension: str

    @property
    def what(self) -> str:
        """The capacity in words."""
        return _WHAT[self.dimension]

    @property
    def variant(self) -> tuple[str, str]:
        """Endpoint and variant."""
        found = _VARIANT.fullmatch(self.resource_id)
        if found is None:
            raise UnknownResourceError(f"{self.resource_id} is not a variant")
        return found.group(1), found.group(2)

    @property
    def component(self) -> str:
        """The inference component's name."""
        found = _COMPONENT.fullmatch(self.resource_id)
        if found is None:
            raise UnknownResourceError(f"{self.resource_id} is not an inference component")
        return found.group(1)

    @property
    def metric_dimensions(self) -> dict[str, str]:
        """The CloudWatch dimensions of its preset metrics."""
        if self.dimension == COPIES:
            return {"InferenceComponentName": self.component}
        endpoint, variant = self.variant
        return {"EndpointName": endpoint, "VariantName": variant}


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """The capacity of a resource now."""

    desired: int
    busy: bool
    """Something is being changed: scaling is blocked."""
    failure: str | None = None
    """Why the last change failed."""


def read_capacity(key: ResourceKey, clients: OwnClients) -> Capacity | None:
    """The capacity that SageMaker tells; None: there is no such resource.

    Raises:
        ClientError: it does not tell.
    """
    try:
        return _component_capacity(key, clients) if key.dimension == COPIES else _variant_capacity(key, clients)
    except ClientError as error:
        # SageMaker has no error code of its own for it.
        if _MISSING in str(error.response["Error"].get("Message", "")).lower():
            return None
        raise


def set_capacity(key: ResourceKey, capacity: int, clients: OwnClients) -> None:
    """Asks SageMaker for another capacity.

    Raises:
        ClientError: it refuses.
    """
    sagemaker = clients("sagemaker", key.region)
    if key.dimension == COPIES:
        sagemaker.update_inference_component_runtime_config(
            InferenceComponentName=key.component, DesiredRuntimeConfig={"CopyCount": capacity}
        )
        return
    endpoint, variant = key.variant
    if key.dimension == INSTANCES:
        change: dict[str, Any] = {"DesiredInstanceCount": capacity}
    else:
        change = {"ServerlessUpdateConfig": {"ProvisionedConcurrency": capacity}}
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint, DesiredWeightsAndCapacities=[{"VariantName": variant, **change}]
    )


def _variant_capacity(key: ResourceKey, clients: OwnClients) -> Capacity | None:
    endpoint, name = key.variant
    found = clients("sagemaker", key.region).describe_endpoint(EndpointName=endpoint)
    busy, failure = found["EndpointStatus"] != "InService", found.get("FailureReason")
    for variant in found.get("ProductionVariants", ()):
        if variant["VariantName"] == name:
            return Capacity(desired=_desired(key, variant), busy=busy, failure=failure)
    return Capacity(desired=0, busy=True, failure=failure) if busy else None


def _desired(key: ResourceKey, variant: dict[str, Any]) -> int:
    if key.dimension == INSTANCES:
        return int(variant.get("DesiredInstanceCount", 0))
    config = variant.get("DesiredServerlessConfig") or variant.get("CurrentServerlessConfig") or {}
    return int(config.get("ProvisionedConcurrency", 0))


def _component_capacity(key: ResourceKey, clients: OwnClients) -> Capacity:
    found = clients("sagemaker", key.region).describe_inference_component(InferenceComponentName=key.component)
    return Capacity(
        desired=int(found.get("RuntimeConfig", {}).get("DesiredCopyCount", 0)),
        busy=found["InferenceComponentStatus"] != "InService",
        failure=found.get("FailureReason"),
    )
