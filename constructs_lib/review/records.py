"""Rules for what is kept and told: log groups, cost tags, and text that must not be in a template."""

import re
from collections.abc import Iterator

from constructs_lib.review.finding import Expected, Flaw
from constructs_lib.review.hosting import COMPONENT, CONFIG, ENDPOINT
from constructs_lib.review.template import Template, Values, as_list, texts
from constructs_lib.tagging import ENDPOINT as ENDPOINT_TAG
from constructs_lib.tagging import OWNER as OWNER_TAG

BILLABLE = (
    ENDPOINT,
    CONFIG,
    COMPONENT,
    "AWS::CloudWatch::Alarm",
    "AWS::CodeBuild::Project",
    "AWS::ECR::Repository",
    "AWS::EC2::VPCEndpoint",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
)
"""Types that cost money and take tags."""

_LOG_GROUPS = {ENDPOINT: "/aws/sagemaker/Endpoints/", COMPONENT: "/aws/sagemaker/InferenceComponents/"}
_NAMES = {ENDPOINT: "EndpointName", COMPONENT: "InferenceComponentName"}

_TIME = re.compile(r"\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}|\b20\d{6}[-_T]?\d{6}\b|\b1[5-9]\d{8}(\d{3})?\b")
_ACCOUNT = re.compile(r"(?<!\w)\d{12}(?!\w)")


def logs_kept_and_bounded(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """The container's output lies in a log group with an end and a key."""
    groups = {
        str(each.properties["LogGroupName"]): each for each in template.resources if "LogGroupName" in each.properties
    }
    for resource in template.of(*_LOG_GROUPS):
        name = resource.properties.get(_NAMES[resource.type])
        if not isinstance(name, str):
            continue
        wanted = f"{_LOG_GROUPS[resource.type]}{name}"
        group = groups.get(wanted)
        if group is None:
            yield resource.logical_id, f"SageMaker would make {wanted}, which never expires"
            continue
        for needed, lack in (("RetentionInDays", "never expires"), ("KmsKeyId", "is not encrypted with a key of ours")):
            if not group.properties.get(needed):
                yield group.logical_id, f"{wanted} {lack}"


def costs_are_tagged(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """What costs money says for which endpoint, and in an endpoint's stack for which team."""
    needed = {ENDPOINT_TAG, *([OWNER_TAG] if template.of(ENDPOINT) else [])}
    for resource in template.of(*BILLABLE):
        if missing := sorted(needed - set(_tag_keys(resource.properties))):
            yield resource.logical_id, f"lacks {', '.join(missing)}"


def _tag_keys(properties: Values) -> list[str]:
    tags = properties.get("Tags") or []
    return list(tags) if isinstance(tags, dict) else [str(each.get("Key")) for each in as_list(tags)]


def no_timestamp(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """Two syntheses of one commit give one template."""
    for resource in template.resources:
        for each in texts(resource.properties):
            if found := _TIME.search(each):
                yield resource.logical_id, f"holds the time {found[0]}"


def no_foreign_account(template: Template, expected: Expected) -> Iterator[Flaw]:
    """The template names no account but the stage's."""
    if not expected.accounts:
        return
    for resource in template.resources:
        foreign = {found for each in texts(resource.properties) for found in _ACCOUNT.findall(each)} - expected.accounts
        if foreign:
            yield resource.logical_id, f"names the account {', '.join(sorted(foreign))}"
