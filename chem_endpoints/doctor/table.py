"""Every check of the doctor: the one table that the command, the documentation and the tests read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chem_endpoints.doctor.checks.alarms import alarms_are_heard
from chem_endpoints.doctor.checks.artifact import artifact_is_as_declared
from chem_endpoints.doctor.checks.capacity import runs_as_much_as_wanted
from chem_endpoints.doctor.checks.idle import is_used
from chem_endpoints.doctor.checks.images import images_stay
from chem_endpoints.doctor.checks.live import runs_what_was_deployed
from chem_endpoints.doctor.checks.logs import logs_are_kept
from chem_endpoints.doctor.checks.quota import quota_allows_the_maximum
from chem_endpoints.doctor.checks.scaling import scales_as_declared
from chem_endpoints.doctor.finding import Flaw
from chem_endpoints.doctor.look import Look
from chem_endpoints.doctor.subject import Subject


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question about an endpoint."""

    id: str
    question: str
    reads: tuple[str, ...]
    """IAM actions that it needs, beside those of `COMMON_READS`."""
    run: Callable[[Subject, Look], Iterator[Flaw]]


LIVE = "live"
"""The check that a deployment ends with."""

COMMON_READS = (
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListStackResources",
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:DescribeInferenceComponent",
    "sagemaker:DescribeModel",
    "sagemaker:ListEndpoints",
    "sagemaker:ListInferenceComponents",
    "sagemaker:ListTags",
)
"""IAM actions that every examination needs."""

CHECKS: tuple[Check, ...] = (
    Check(id=LIVE, question="Does it run what the stack deployed?", reads=(), run=runs_what_was_deployed),
    Check(
        id="scaling",
        question="Will it scale as declared?",
        reads=(
            "application-autoscaling:DescribeScalableTargets",
            "application-autoscaling:DescribeScalingPolicies",
            "application-autoscaling:DescribeScheduledActions",
            "cloudwatch:DescribeAlarms",
        ),
        run=scales_as_declared,
    ),
    Check(id="capacity", question="Does as much run as was asked for?", reads=(), run=runs_as_much_as_wanted),
    Check(
        id="idle",
        question="Does anybody use what costs money?",
        reads=("cloudwatch:GetMetricStatistics",),
        run=is_used,
    ),
    Check(
        id="images",
        question="Can the next instance pull its image, now and later?",
        reads=("ecr:DescribeImages", "ecr:GetLifecyclePolicy"),
        run=images_stay,
    ),
    Check(
        id="artifact",
        question="Will the next instance load the model that was reviewed?",
        reads=("s3:GetObject", "s3:ListBucket"),
        run=artifact_is_as_declared,
    ),
    Check(
        id="quota",
        question="May the account run as many instances as the endpoint may ask for?",
        reads=("servicequotas:ListServiceQuotas", "servicequotas:ListAWSDefaultServiceQuotas"),
        run=quota_allows_the_maximum,
    ),
    Check(
        id="logs",
        question="Are its logs kept, encrypted and thrown away in time?",
        reads=("logs:DescribeLogGroups",),
        run=logs_are_kept,
    ),
    Check(
        id="alarms",
        question="Is any alarm raised, and would anybody learn of it?",
        reads=("cloudwatch:DescribeAlarms", "sns:ListSubscriptionsByTopic"),
        run=alarms_are_heard,
    ),
)
