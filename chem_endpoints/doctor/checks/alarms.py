"""Would anybody learn that something is wrong, and is anything wrong now?"""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.doctor.checks.scaling import scaling_alarms
from chem_endpoints.doctor.cloudwatch import read_alarms
from chem_endpoints.doctor.finding import Flaw
from chem_endpoints.doctor.look import Look
from chem_endpoints.doctor.stack import Stack
from chem_endpoints.doctor.subject import Subject
from chem_endpoints.plan.template import ALARM, COMPONENT, ENDPOINT

_RUNBOOK = "Runbook: "
"""What our alarms' descriptions end with, before the link."""


def alarms_are_heard(subject: Subject, look: Look) -> Iterator[Flaw]:
    """The stack's alarms are there, on and quiet, and each topic that they publish to has a confirmed subscriber."""
    if subject.stack is None:
        return
    scaling = {alarm.id for alarm, _ in scaling_alarms(subject.stack)}
    undoing = _rollback_alarms(subject.stack)
    watched = {alarm.id for alarm in subject.stack.deployed(ALARM)} - scaling | undoing
    found = read_alarms(look.cloudwatch, watched)
    for name in sorted(watched):
        yield from _alarm(name, found.get(name), undoes=name in undoing)
    topics = {action for alarm in found.values() for action in alarm["AlarmActions"] if ":sns:" in action}
    for topic in sorted(topics):
        yield from _topic(topic, look)


def _rollback_alarms(stack: Stack) -> set[str]:
    """Names of the alarms that undo an update."""
    written = [each.properties.get("DeploymentConfig", {}) for each in stack.template.of_type(ENDPOINT, COMPONENT)]
    alarms = [alarm for each in written for alarm in each.get("AutoRollbackConfiguration", {}).get("Alarms", ())]
    names = [alarm["AlarmName"] for alarm in alarms]
    referred = [stack.template.referred(name, ALARM) for name in names]
    return {*filter(None, map(stack.id_of, referred)), *(name for name in names if isinstance(name, str))}


def _alarm(name: str, alarm: Mapping[str, Any] | None, *, undoes: bool) -> Iterator[Flaw]:
    if alarm is None:
        lost = (
            "no update is rolled back by it, and SageMaker refuses updates that name it"
            if undoes
            else "it tells nobody"
        )
        yield Flaw(
            severity="error",
            happened=f"the alarm {name} is gone: {lost}",
            remedy="Make it again: change something in its declaration (such as a threshold) and deploy",
        )
    elif not alarm["ActionsEnabled"]:
        yield Flaw(
            severity="warning",
            happened=f"the actions of the alarm {name} are disabled",
            remedy=f"Enable them: aws cloudwatch enable-alarm-actions --alarm-names {name}",
        )
    elif alarm["StateValue"] == "ALARM":
        since = alarm["StateUpdatedTimestamp"]
        runbook = alarm.get("AlarmDescription", "").partition(_RUNBOOK)[2]
        yield Flaw(
            severity="error",
            happened=f"the alarm {name} is in ALARM since {since:%Y-%m-%d %H:%M} UTC",
            remedy=f"Follow {runbook}" if runbook else "Find out why, in its history and the log group",
        )


def _topic(arn: str, look: Look) -> Iterator[Flaw]:
    try:
        pages = look.sns(arn.split(":")[3]).get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
        subscriptions = [each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]]
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NotFound", "NotFoundException"):
            raise
        yield Flaw(
            severity="error",
            happened=f"the alarms' topic {arn} is gone: nobody is told",
            remedy="Deploy ChemEndpoints-foundation again",
        )
        return
    # Until it is confirmed, a subscription has a word in place of its ARN.
    if not any(each.startswith("arn:") for each in subscriptions):
        waiting = f" ({len(subscriptions)} unconfirmed)" if subscriptions else ""
        yield Flaw(
            severity="note" if look.local else "warning",
            happened=f"the alarms' topic {arn} has no confirmed subscriber{waiting}: nobody is told",
            remedy=f"aws sns subscribe --topic-arn {arn} --protocol email --notification-endpoint ADDRESS, and confirm"
            " the mail",
        )
