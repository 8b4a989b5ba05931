"""Publishes the metrics of all endpoints to CloudWatch, once a minute, by its public API."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.components import Component
from chem_endpoints.local.instance import Instance
from chem_endpoints.local.log_shipper import LogShipper
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.scaling.published_metrics import (
    COMPONENTS_NAMESPACE,
    INSTANCES_NAMESPACE,
    INVOCATIONS_NAMESPACE,
    Backlog,
    Datum,
    Stamp,
    async_metrics,
    component_metrics,
    log_metrics,
    realtime_metrics,
)
from chem_endpoints.local.scaling.traffic import Counts, Minute, Served, Traffic
from chem_endpoints.local.scaling.usage import Usage, UsageMeter
from chem_endpoints.local.variant import ServerlessVariant

_LOGGER = logging.getLogger(__name__)
_BATCH = 500
"""Metrics per call; CloudWatch takes up to 1000."""


class Publisher:
    """What SageMaker tells CloudWatch, and what CloudWatch Logs reads from the containers' lines."""

    def __init__(
        self,
        *,
        traffic: Traffic,
        endpoints: Callable[[], Iterable[Any]],
        components: Callable[[Any], Iterable[Component]],
        logs: LogShipper,
        backlog: Callable[[str, str], Backlog],
        clients: OwnClients,
        folder: Path,
    ) -> None:
        """
        Args:
            traffic: the counts.
            endpoints: the hosted endpoints, with name, region and fleet.
            components: the inference components of an endpoint.
            logs: brings the containers' lines, and collects the metrics in them.
            backlog: the queue of an asynchronous endpoint, by region and name.
            clients: boto3 clients of this local AWS.
            folder: a place on the disk that the instances share.
        """
        self._traffic, self._endpoints, self._backlog, self._clients = traffic, endpoints, backlog, clients
        self._component_list, self._logs = components, logs
        self._usage, self._folder = UsageMeter(), folder

    def publish(self, stamp: Stamp) -> None:
        """Publishes what was counted since the last call."""
        counts = self._traffic.take()
        serving = [endpoint for endpoint in self._endpoints() if endpoint.fleet is not None]
        data: dict[tuple[str, str], list[Datum]] = {}
        for endpoint in serving:
            try:
                own = self._requests(stamp, endpoint, counts)
            except (ClientError, BotoCoreError) as error:
                _LOGGER.warning("Metrics of %s are missing for a minute: %s", endpoint.name, error)
            else:
                data.setdefault((endpoint.region, INVOCATIONS_NAMESPACE), []).extend(own)
        for place, own in self._usage_data(stamp, serving):
            data.setdefault(place, []).extend(own)
        self._logs.ship()  # What a container has printed in this minute belongs to it.
        printed: dict[tuple[str, str], list[Datum]] = {}
        for (region, metric), values in self._logs.metrics.take().items():
            printed.setdefault((region, metric.namespace), []).extend(log_metrics(stamp, metric, values))
        for (region, namespace), own in [*data.items(), *printed.items()]:  # Apart: a refused batch loses all of it.
            self._put(region, namespace, own)

    def _put(self, region: str, namespace: str, data: list[Datum]) -> None:
        cloudwatch = self._clients("cloudwatch", region)
        for start in range(0, len(data), _BATCH):
            try:
                cloudwatch.put_metric_data(Namespace=namespace, MetricData=data[start : start + _BATCH])
            except (ClientError, BotoCoreError) as error:
                _LOGGER.warning("Metrics are missing for a minute: %s", error)

    def _requests(self, stamp: Stamp, endpoint: Any, counts: Counts) -> list[Datum]:
        fleet = endpoint.fleet
        minutes = _of_endpoint(counts.minutes, endpoint)
        if fleet.async_config is not None:
            by_variant = {served.variant: minute for served, minute in minutes.items()}
            backlog = self._backlog(endpoint.region, endpoint.name)
            return async_metrics(stamp, endpoint.name, by_variant, backlog, instances=_ready(fleet.instances))
        data: list[Datum] = []
        for variant in fleet.variants:
            minute = _sum_of(minutes, variant.name)
            serverless = getattr(variant, "serverless", None)
            data += realtime_metrics(
                stamp,
                endpoint.name,
                variant.name,
                minute,
                instances=0 if serverless else max(_ready(variant.instances), int(bool(minute.invocations))),
                provisioned=int((serverless or {}).get("ProvisionedConcurrency", 0)),
            )
            if isinstance(variant, ServerlessVariant):
                dimensions = {"EndpointName": endpoint.name, "VariantName": variant.name}
                data += stamp.durations("ModelSetupTime", dimensions, variant.take_setup_seconds())
        return data + self._components(stamp, endpoint, minutes, counts)

    def _components(self, stamp: Stamp, endpoint: Any, minutes: Mapping[Served, Minute], counts: Counts) -> list[Datum]:
        if not getattr(endpoint.fleet, "takes_components", False):
            return []
        sagemaker = self._clients("sagemaker", endpoint.region)
        listed = sagemaker.list_inference_components(EndpointNameEquals=endpoint.name)["InferenceComponents"]
        data: list[Datum] = []
        for name in (item["InferenceComponentName"] for item in listed):
            found = sagemaker.describe_inference_component(InferenceComponentName=name)
            own = [minute for served, minute in minutes.items() if served.component == name]
            data += component_metrics(
                stamp,
                name,
                own[0] if own else Minute(),
                copies=int(found.get("RuntimeConfig", {}).get("CurrentCopyCount", 0)),
                refused=counts.no_capacity.get((endpoint.region, name), 0),
            )
        return data

    def _usage_data(self, stamp: Stamp, endpoints: list[Any]) -> Iterable[tuple[tuple[str, str], list[Datum]]]:
        """Processor, memory and disk of each instance, and of each copy of a component, by region and namespace."""
        owners: dict[int, tuple[Any, str, Component | None]] = {}
        for endpoint in endpoints:
            for variant in endpoint.fleet.variants:
                owners |= dict.fromkeys(_groups(variant.instances), (endpoint, variant.name, None))
            for component in self._component_list(endpoint):
                copies = component.pool.instances if component.pool is not None else ()
                owners |= dict.fromkeys(_groups(copies), (endpoint, component.variant_name, component))
        for group, usage in self._usage.read(owners, time.monotonic(), self._folder).items():
            endpoint, variant_name, copied = owners[group]
            dimensions = {"EndpointName": endpoint.name, "VariantName": variant_name}
            yield (endpoint.region, INSTANCES_NAMESPACE), _percentages(stamp, dimensions, usage.published())
            if copied is not None:  # A copy has an instance for itself here.
                own = {"InferenceComponentName": copied.name}
                yield (endpoint.region, COMPONENTS_NAMESPACE), _percentages(stamp, own, _of_copy(usage))


def _groups(instances: Iterable[Instance]) -> list[int]:
    """The process groups of those that run."""
    return [instance.process.group for instance in instances if instance.process.group is not None]


def _of_copy(usage: Usage) -> dict[str, float]:
    """What SageMaker tells of a component's copy."""
    names = ("CPUUtilizationNormalized", "MemoryUtilizationNormalized")
    return {name: value for name, value in usage.published().items() if name in names}


def _percentages(stamp: Stamp, dimensions: Mapping[str, str], values: Mapping[str, float]) -> list[Datum]:
    return [stamp.value(name, dimensions, value, "Percent") for name, value in values.items()]


def _of_endpoint(minutes: Mapping[Served, Minute], endpoint: Any) -> dict[Served, Minute]:
    return {
        served: minute
        for served, minute in minutes.items()
        if (served.region, served.endpoint) == (endpoint.region, endpoint.name)
    }


def _sum_of(minutes: Mapping[Served, Minute], variant: str) -> Minute:
    """A variant's requests, those to its components included."""
    total = Minute()
    for served, minute in minutes.items():
        if served.variant == variant:
            total = total.plus(minute)
    return total


def _ready(instances: Iterable[Any]) -> int:
    return sum(bool(instance.ready) for instance in instances)
