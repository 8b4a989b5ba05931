"""Does anybody use what costs money?"""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from chem_endpoints.doctor.cloudwatch import total
from chem_endpoints.doctor.finding import Flaw
from chem_endpoints.doctor.look import Look
from chem_endpoints.doctor.subject import Subject

INVOCATIONS = ("Invocations",)
QUEUE_RESULTS = ("InvocationsProcessed", "InvocationFailures")
"""An asynchronous endpoint publishes no ``Invocations``; whether processed counts failures too is not documented."""


def is_used(subject: Subject, look: Look) -> Iterator[Flaw]:
    """An endpoint that costs money while it waits has been invoked in the last days, or is younger than that."""
    endpoint, paid = subject.endpoint, _paid(subject)
    start = look.now - timedelta(days=look.days)
    if endpoint is None or subject.status != "InService" or not paid or endpoint["CreationTime"] > start:
        return
    if not any(
        total(look.cloudwatch, metric, dimensions, start=start, end=look.now)
        for metric, dimensions in _metrics(subject)
    ):
        yield Flaw(
            severity="warning",
            happened=f"nobody has invoked the endpoint in {look.days} days, and {paid} cost money",
            remedy=f"Delete it (cdk destroy {subject.stack.name if subject.stack else subject.name}),"
            " or declare a kind that goes to zero",
        )


def _metrics(subject: Subject) -> Iterator[tuple[str, Mapping[str, str]]]:
    if subject.components:
        for component in subject.components:
            yield "Invocations", {"InferenceComponentName": component["InferenceComponentName"]}
        return
    for variant in (subject.endpoint or {}).get("ProductionVariants", ()):
        for metric in QUEUE_RESULTS if subject.is_async else INVOCATIONS:
            yield metric, {"EndpointName": subject.name, "VariantName": variant["VariantName"]}


def _paid(subject: Subject) -> str:
    """What costs money all the time, in words; empty: nothing."""
    types = {each["VariantName"]: each.get("InstanceType", "its type") for each in subject.configured_variants}
    parts = []
    for variant in subject.variants:
        if count := variant.get("CurrentInstanceCount", 0):
            parts.append(f"{count} x {types.get(variant['VariantName'], 'its type')}")
        if provisioned := variant.get("CurrentServerlessConfig", {}).get("ProvisionedConcurrency", 0):
            parts.append(f"provisioned concurrency of {provisioned}")
    return " and ".join(parts)
