"""Faults of moto 5.2.5 in alarms and Application Auto Scaling, one function each, with the reason.

``tests/local/scaling/test_moto_scaling.py`` shows for each that plain moto still has the fault.
"""

from collections.abc import Callable
from typing import Any

from chem_endpoints.local.scaling.scalable_resource import COPIES, PROVISIONED_CONCURRENCY

_DIMENSIONS = "ScalableDimensionValueSet"


def apply_scaling_fixes() -> None:
    """Applies all fixes that change moto itself; twice is as good as once."""
    know_the_dimensions_of_sagemaker()
    let_alarms_begin_without_data()
    forget_what_belongs_to_a_target()


def know_the_dimensions_of_sagemaker() -> None:
    """moto knows instance counts only: components and provisioned concurrency cannot be registered."""
    from moto.applicationautoscaling import models, responses

    wanted = {COPIES, PROVISIONED_CONCURRENCY}
    known = [str(item.value) for item in getattr(models, _DIMENSIONS)]
    if wanted <= set(known):
        return

    class Dimension:
        """What moto reads of a member of its enumeration."""

        def __init__(self, value: str) -> None:
            self.value = value

    dimensions = [Dimension(value) for value in [*known, *sorted(wanted)]]
    for module in (models, responses):
        setattr(module, _DIMENSIONS, dimensions)


def let_alarms_begin_without_data() -> None:
    """moto's alarms begin, and begin again with each change, as OK; CloudWatch's begin without data and keep theirs."""
    from moto.cloudwatch.models import CloudWatchBackend

    put: Callable[..., Any] = CloudWatchBackend.put_metric_alarm
    if getattr(put, "mended", False):
        return

    def put_keeping_state(self: Any, **parameters: Any) -> Any:
        previous = self.alarms.get(parameters["name"])
        alarm = put(self, **parameters)
        if previous is None:
            alarm.state_value, alarm.state_reason = "INSUFFICIENT_DATA", "Unchecked: Initial alarm creation"
        else:
            for name in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history"):
                setattr(alarm, name, getattr(previous, name))
        return alarm

    _replace(CloudWatchBackend, "put_metric_alarm", put_keeping_state)


def forget_what_belongs_to_a_target() -> None:
    """moto keeps the scheduled actions of a target that is deregistered; AWS deletes them with it."""
    from moto.applicationautoscaling.models import ApplicationAutoscalingBackend

    deregister: Callable[..., Any] = ApplicationAutoscalingBackend.deregister_scalable_target
    if getattr(deregister, "mended", False):
        return

    def deregister_all(self: Any, namespace: str, r_id: str, dimension: str) -> None:
        deregister(self, namespace, r_id, dimension)
        self.scheduled_actions = [
            action
            for action in self.scheduled_actions
            if (action.service_namespace, action.resource_id, action.scalable_dimension) != (namespace, r_id, dimension)
        ]

    _replace(ApplicationAutoscalingBackend, "deregister_scalable_target", deregister_all)


def _replace(owner: type, method: str, replacement: Callable[..., Any]) -> None:
    replacement.__dict__["mended"] = True
    setattr(owner, method, replacement)
