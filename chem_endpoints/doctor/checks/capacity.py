"""Does as much run as was asked for?"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from chem_endpoints.doctor.checks.live import UNDER_WAY
from chem_endpoints.doctor.finding import Flaw
from chem_endpoints.doctor.look import Look
from chem_endpoints.doctor.subject import Answer, Subject

PATIENCE = timedelta(hours=9)
"""A change that takes longer will not end well: a guarded update may take 8 hours (UpdateEndpoint API reference,
MaximumExecutionTimeoutInSeconds)."""


def runs_as_much_as_wanted(subject: Subject, look: Look) -> Iterator[Flaw]:
    """Desired and current numbers of instances, of provisioned concurrency and of copies are the same."""
    endpoint = subject.endpoint or {}
    yield from _stuck(f"the endpoint is {subject.status}", subject.status, endpoint.get("LastModifiedTime"), look)
    if subject.status == "InService":
        for variant in subject.variants:
            yield from _variant(variant)
    for component in subject.components:
        status, name = component["InferenceComponentStatus"], component["InferenceComponentName"]
        yield from _stuck(f"the component {name} is {status}", status, component.get("LastModifiedTime"), look)
        if status == "InService":
            copies = component.get("RuntimeConfig", {})
            wanted, current = copies.get("DesiredCopyCount", 0), copies.get("CurrentCopyCount", 0)
            yield from _fewer(f"component {name}", "copies", wanted, current)


def _stuck(happened: str, status: str, since: datetime | None, look: Look) -> Iterator[Flaw]:
    if status in UNDER_WAY and since and look.now - since > PATIENCE:
        yield Flaw(
            severity="error",
            happened=f"{happened} since {since:%Y-%m-%d %H:%M} UTC",
            remedy="Read its log group; if nothing moves, ask AWS Support to end the change",
        )


def _variant(variant: Answer) -> Iterator[Flaw]:
    name = f"variant {variant['VariantName']}"
    wanted, current = variant.get("DesiredInstanceCount", 0), variant.get("CurrentInstanceCount", 0)
    yield from _fewer(name, "instances", wanted, current)
    desired, running = variant.get("DesiredServerlessConfig", {}), variant.get("CurrentServerlessConfig", {})
    key = "ProvisionedConcurrency"
    yield from _fewer(name, "of provisioned concurrency", desired.get(key, 0), running.get(key, 0))


def _fewer(owner: str, what: str, wanted: int, current: int) -> Iterator[Flaw]:
    if wanted != current:
        yield Flaw(
            severity="error" if current == 0 else "warning",
            happened=f"{owner} has {current} {what}, not the {wanted} that are wanted",
            remedy="Look at its scaling activities (aws application-autoscaling describe-scaling-activities"
            " --service-namespace sagemaker) and log group: usual causes are a quota and a region that is full",
        )
