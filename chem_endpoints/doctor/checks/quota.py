"""May the account run as many instances as the endpoint may ask for?"""

from collections import Counter
from collections.abc import Iterator

from chem_endpoints.doctor.finding import Flaw
from chem_endpoints.doctor.look import Look
from chem_endpoints.doctor.subject import Answer, Subject
from chem_endpoints.plan.template import SCALABLE_TARGET

_INSTANCES = "sagemaker:variant:DesiredInstanceCount"


def quota_allows_the_maximum(subject: Subject, look: Look) -> Iterator[Flaw]:
    """Of each instance type, the account's quota is not below what the endpoint's variants may have together."""
    wanted = most_instances(subject)
    if not wanted:
        return
    if look.local:
        yield Flaw(severity="note", happened="the local AWS has no quotas; not looked at", remedy="")
        return
    for instance_type, count in sorted(wanted.items()):
        allowed = look.quotas.instances(instance_type)
        if allowed is None:
            yield Flaw(
                severity="unseen",
                happened=f"Service Quotas knows no quota '{instance_type} for endpoint usage'",
                remedy="Look at the console of Service Quotas, SageMaker",
            )
        elif allowed < count:
            yield Flaw(
                severity="warning",
                happened=f"the endpoint may grow to {count} x {instance_type}, all endpoints of the account together"
                f" may have {allowed:g}",
                remedy=f"Ask for more in Service Quotas, SageMaker, '{instance_type} for endpoint usage'; an update"
                " needs them twice while old and new instances run",
            )


def most_instances(subject: Subject) -> Counter[str]:
    """Instances of each type that the variants may have together."""
    most = _scaled(subject)
    running = {variant["VariantName"]: variant.get("DesiredInstanceCount", 0) for variant in subject.variants}
    wanted: Counter[str] = Counter()
    for variant in subject.configured_variants:
        if instance_type := variant.get("InstanceType"):
            name = variant["VariantName"]
            wanted[instance_type] += max(most.get(name, 0), _managed(variant), running.get(name, 0))
    return wanted


def _managed(variant: Answer) -> int:
    return int(variant.get("ManagedInstanceScaling", {}).get("MaxInstanceCount", 0))


def _scaled(subject: Subject) -> dict[str, int]:
    """Upper bounds of the stack's scalable targets, the schedule's too, by variant."""
    bounds = {}
    for deployed in subject.stack.deployed(SCALABLE_TARGET) if subject.stack else ():
        resource, dimension, _ = deployed.id.split("|")
        if dimension == _INSTANCES:
            written = deployed.resource.properties
            actions = [action.get("ScalableTargetAction", {}) for action in written.get("ScheduledActions", ())]
            variant = resource.rpartition("/")[2]
            bounds[variant] = max(int(each.get("MaxCapacity", 0)) for each in [written, *actions])
    return bounds
