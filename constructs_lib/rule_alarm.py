"""A CloudWatch alarm made from a rule.

Sources: "Using Amazon CloudWatch alarms", "Using math expressions with CloudWatch metrics", CloudWatch user guide.
"""

from collections.abc import Sequence
from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from chem_endpoints.spec.declared_values import MAIN_VARIANT
from constructs_lib.alarm_rule import RUNBOOK, AlarmRule, MetricRule, PercentRule
from constructs_lib.metrics import EndpointMetric
from constructs_lib.naming import EndpointNames

# AWS does not say whether the whole counts the failed ones, hence the larger of the two; a count that was never
# published is zero.
_PERCENT = "IF(FILL(part, 0) > 0, 100 * part / MAX([FILL(whole, 0), part]), 0)"


class RuleAlarm(Construct):
    """An alarm with a literal name, a description that says what to do, and its actions."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        rule: AlarmRule,
        names: EndpointNames,
        action_arns: Sequence[str],
        variant: str = MAIN_VARIANT,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            rule: when it fires.
            names: the endpoint's names.
            action_arns: topics or scaling policies.
            variant: whose metrics it watches; default: the main variant.
        """
        super().__init__(scope, construct_id)
        self.name = names.alarm(rule.key, variant)
        self.alarm = cloudwatch.CfnAlarm(
            self,
            "Resource",
            alarm_name=self.name,
            alarm_description=f"[{rule.severity}] {rule.summary} Runbook: {RUNBOOK}#{rule.key}",
            alarm_actions=list(action_arns),
            comparison_operator=rule.comparison,
            threshold=rule.threshold,
            evaluation_periods=rule.datapoints,
            datapoints_to_alarm=rule.datapoints,
            treat_missing_data=rule.missing,
            **_watched(rule, names.endpoint, variant),
        )


def _watched(rule: AlarmRule, endpoint: str, variant: str) -> dict[str, Any]:
    """The alarm's properties that say what it looks at."""
    if isinstance(rule, PercentRule):
        return {"metrics": _percent_queries(rule, endpoint, variant)}
    return _single_metric(rule, endpoint, variant)


def _single_metric(rule: MetricRule, endpoint: str, variant: str) -> dict[str, Any]:
    metric = rule.metric
    # CloudWatch keeps percentiles in a property of their own.
    statistic = "extended_statistic" if metric.statistic.startswith("p") else "statistic"
    return {
        "namespace": metric.namespace,
        "metric_name": metric.name,
        "dimensions": _dimensions(metric, endpoint, variant),
        "period": rule.period_seconds,
        statistic: metric.statistic,
    }


def _percent_queries(
    rule: PercentRule, endpoint: str, variant: str
) -> list[cloudwatch.CfnAlarm.MetricDataQueryProperty]:
    query = cloudwatch.CfnAlarm.MetricDataQueryProperty
    counts = [
        query(id=name, return_data=False, metric_stat=_count(metric, endpoint, variant, rule.period_seconds))
        for name, metric in (("part", rule.part), ("whole", rule.whole))
    ]
    return [query(id="percent", expression=_PERCENT, return_data=True), *counts]


def _count(metric: EndpointMetric, endpoint: str, variant: str, period: int) -> cloudwatch.CfnAlarm.MetricStatProperty:
    return cloudwatch.CfnAlarm.MetricStatProperty(
        metric=cloudwatch.CfnAlarm.MetricProperty(
            namespace=metric.namespace, metric_name=metric.name, dimensions=_dimensions(metric, endpoint, variant)
        ),
        period=period,
        stat=metric.statistic,
    )


def _dimensions(metric: EndpointMetric, endpoint: str, variant: str) -> list[cloudwatch.CfnAlarm.DimensionProperty]:
    return [
        cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value)
        for name, value in metric.dimension_values(endpoint, variant).items()
    ]
