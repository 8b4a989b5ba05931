"""What a declaration asks of its stage, and the stage does not offer."""

from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from chem_endpoints.spec.endpoint_spec import ComponentSpec, EndpointSpec, RealtimeSpec, ServerlessSpec
from chem_endpoints.spec.monitor_images import ACCOUNTS
from chem_endpoints.spec.stages import Stage
from chem_endpoints.spec.violation import Violation


def stage_violations(spec: EndpointSpec, stage: Stage) -> tuple[Violation, ...]:
    """One violation per thing that the stage cannot give."""
    return (*_vpc(spec, stage), *_zero_instances(spec, stage), *_monitor(spec, stage))


def unknown_overrides(stage: Stage, endpoints: set[str]) -> Iterator[str]:
    """One line per override of an endpoint that is not declared."""
    for name in stage.overrides:
        if name not in endpoints:
            nearest = get_close_matches(name, sorted(endpoints), n=1)
            advice = f"did you mean {nearest[0]}?" if nearest else "delete it, or declare the endpoint"
            yield f"stages.yaml: {stage.name}.overrides.{name}: no such endpoint; {advice}"


def crowded_callers(stage: Stage, specs: Mapping[str, EndpointSpec]) -> Iterator[str]:
    """One line per role or user that more endpoints name than IAM lets it have policies."""
    uses = Counter(caller for spec in specs.values() for caller in set(spec.callers))
    for caller, count in sorted(uses.items()):
        if count > stage.policies_per_role:
            yield (
                f"callers: {caller} is named by {count} endpoints, and IAM lets it have {stage.policies_per_role} "
                "managed policies; spread the endpoints over several roles, or raise the quota and policies_per_role "
                "in stages.yaml"
            )


def _vpc(spec: EndpointSpec, stage: Stage) -> Iterator[Violation]:
    if not isinstance(spec, ServerlessSpec) and spec.serving.vpc and stage.vpc is None:
        reason = f"stage {stage.name} has no vpc; add one to stages.yaml, or leave this out"
        yield Violation(field="serving.vpc", reason=reason)


def _zero_instances(spec: EndpointSpec, stage: Stage) -> Iterator[Violation]:
    if (
        isinstance(spec, ComponentSpec)
        and spec.serving.instances.min == 0
        and not stage.components_reach_zero_instances
    ):
        reason = (
            f"is refused by AWS in some regions, and stage {stage.name} does not say that {stage.region} accepts it; "
            "set components_reach_zero_instances: true in stages.yaml once you have seen it work, or set this to 1"
        )
        yield Violation(field="serving.instances.min", reason=reason, value=0)


def _monitor(spec: EndpointSpec, stage: Stage) -> Iterator[Violation]:
    if isinstance(spec, RealtimeSpec) and spec.serving.monitor and stage.region not in ACCOUNTS:
        reason = (
            f"the image of Model Monitor is not known in {stage.region}; add it to monitor_images.py, or leave it out"
        )
        yield Violation(field="serving.monitor", reason=reason)
