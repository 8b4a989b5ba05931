"""The alarms of one variant or one endpoint."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from aws_cdk import CfnResource
from constructs import Construct

from constructs_lib.alarm_rule import AlarmRule
from constructs_lib.naming import EndpointNames
from constructs_lib.rule_alarm import RuleAlarm


class AlarmSet(Construct):
    """One alarm per rule; all of them publish to the shared topic."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        rules: Sequence[AlarmRule],
        names: EndpointNames,
        variant: str,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            rules: one per alarm.
            names: the endpoint's names.
            variant: whose metrics are watched, where a metric is counted per variant.
        """
        super().__init__(scope, construct_id)
        self._rules = tuple(rules)
        self.alarms = tuple(
            RuleAlarm(
                self, rule.key, rule=rule, names=names, variant=variant, action_arns=[names.shared.alarm_topic_arn]
            )
            for rule in rules
        )

    def come_before(self, resource: CfnResource, keys: AbstractSet[str]) -> None:
        """Makes the alarms with these keys before a resource that names them, because AWS refuses unknown alarms."""
        for rule, alarm in zip(self._rules, self.alarms, strict=True):
            if rule.key in keys:
                resource.add_resource_dependency(alarm.alarm)
