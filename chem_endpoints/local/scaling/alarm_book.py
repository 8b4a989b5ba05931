"""Evaluates the deployed alarms once a minute, sets their states and runs their actions."""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.scaling.alarm_rule import ALARM, INSUFFICIENT_DATA, OK, AlarmRule, Verdict, rule_of
from chem_endpoints.local.scaling.datapoints import Datapoints

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """An alarm in ALARM whose action is a scaling policy."""

    policy_arn: str
    alarm: str
    values: tuple[float, ...]
    threshold: float


class AlarmBook:
    """The alarms of one local AWS."""

    def __init__(self, clients: OwnClients) -> None:
        self._clients = clients

    def longest_seconds(self, alarms: Iterable[Any]) -> int:
        """How far back the alarms look."""
        return max((rule.seconds for alarm in alarms if (rule := rule_or_refusal(alarm)[0]) is not None), default=0)

    def evaluate(self, region: str, alarms: Iterable[Any], datapoints: Datapoints, minute: datetime) -> list[Trigger]:
        """Sets all states for the periods that end at this minute; returns the policies that fire.

        Actions run when a state begins; those that are scaling policies, every minute for as long as it lasts.
        """
        triggers: list[Trigger] = []
        for alarm in alarms:
            if alarm.rule is not None:
                continue  # Composite alarms are kept, not evaluated.
            verdict = _verdict(alarm, datapoints, minute)
            before = alarm.state_value
            if verdict.state != before or alarm.state_reason.startswith("Unchecked"):
                alarm.update_state(verdict.reason, _reason_data(verdict, minute), verdict.state)
                alarm.state_updated_timestamp = minute.replace(tzinfo=None)
            if not alarm.actions_enabled:
                continue
            actions = {ALARM: alarm.alarm_actions, OK: alarm.ok_actions}.get(
                verdict.state, alarm.insufficient_data_actions
            )
            for action in actions or ():
                if ":scalingPolicy:" in action:
                    triggers.append(
                        Trigger(
                            policy_arn=action,
                            alarm=alarm.name,
                            values=verdict.values,
                            threshold=float(alarm.threshold),
                        )
                    )
                elif verdict.state != before:
                    self._notify(region, action, alarm, before, verdict, minute)
        return triggers

    def _notify(self, region: str, action: str, alarm: Any, before: str, verdict: Verdict, minute: datetime) -> None:
        if ":sns:" not in action:
            _LOGGER.warning("The local AWS cannot run the action of alarm %s", alarm.name)
            return
        message = {
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.description,
            "AWSAccountId": ACCOUNT,
            "AlarmArn": alarm.alarm_arn,
            "NewStateValue": verdict.state,
            "NewStateReason": verdict.reason,
            "StateChangeTime": minute.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "Region": region,
            "OldStateValue": before,
        }
        subject = f'{verdict.state}: "{alarm.name}" in {region}'[:100]
        try:
            self._clients("sns", region).publish(TopicArn=action, Subject=subject, Message=json.dumps(message))
        except (ClientError, BotoCoreError) as error:
            _LOGGER.warning("Alarm %s could not tell its topic: %s", alarm.name, type(error).__name__)


def rule_or_refusal(alarm: Any) -> tuple[AlarmRule | None, str]:
    """The alarm's rule; without one, why not."""
    if alarm.rule is not None:
        return None, "Not evaluated: composite alarms are kept only"
    try:
        return rule_of(alarm), ""
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return None, f"Not evaluated: {error}"


def _verdict(alarm: Any, datapoints: Datapoints, minute: datetime) -> Verdict:
    rule, refusal = rule_or_refusal(alarm)
    if rule is None:
        if alarm.state_reason != refusal:
            _LOGGER.error("Alarm %s: %s", alarm.name, refusal)
            alarm.state_reason = refusal
        return Verdict(state=INSUFFICIENT_DATA, reason=refusal)
    return rule.judge(rule.values(datapoints, minute), alarm.state_value)


def _reason_data(verdict: Verdict, minute: datetime) -> str:
    return json.dumps({"version": "1.0", "queryDate": minute.isoformat(), "recentDatapoints": list(verdict.values)})
