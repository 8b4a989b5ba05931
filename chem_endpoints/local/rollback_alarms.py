"""The alarms that take an update back: whether they exist, and which are raised."""

from collections.abc import Sequence

from chem_endpoints.local.control_parameters import RefusedError
from chem_endpoints.local.own_clients import OwnClients


def alarm_states(names: Sequence[str], region: str, clients: OwnClients) -> dict[str, str]:
    """The state of each of these alarms that exists.

    Raises:
        ClientError, BotoCoreError: they cannot be read.
    """
    if not names:
        return {}  # Without names CloudWatch tells of all alarms.
    found = clients("cloudwatch", region).describe_alarms(
        AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    listed = [*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ())]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in listed}


def refuse_unknown_alarms(names: Sequence[str], region: str, clients: OwnClients) -> None:
    """Only alarms that exist can take an update back.

    Raises:
        RefusedError: some do not exist; the message names them.
    """
    missing = sorted(set(names) - set(alarm_states(names, region, clients)))
    if missing:
        raise RefusedError(f"Alarms of AutoRollbackConfiguration do not exist: {', '.join(missing)}.")
