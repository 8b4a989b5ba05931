"""What a check may make, and how each kind is found by its tags and deleted.

Everything is named `PREFIX` + run + ... and tagged with `RUN_TAG` and `EXPIRES_TAG`; the groups of the logs that
SageMaker itself makes have the name of their endpoint and no tags.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.smoke.account import Account

PREFIX = "chem-smoke-"
RUN_TAG, EXPIRES_TAG = "chem-endpoints:smoke-run", "chem-endpoints:smoke-expires"
ABSENT_CODES = {"NoSuchEntity", "NoSuchBucket", "NoSuchTagSet", "ResourceNotFound", "ResourceNotFoundException", "404"}
ABSENT_WORDS = ("could not find", "does not exist", "not found")
"""SageMaker answers ValidationException for what is absent; only its words tell (docs/unverified.md, absent-words)."""

Tags = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of resource."""

    word: str
    names: Callable[[Account], Iterable[str]]
    """Of those that begin with `PREFIX`."""
    tags: Callable[[Account, str], Tags]
    delete: Callable[[Account, str], object]
    exists: Callable[[Account, str], object]
    """Raises what is absent's error when it is gone."""


def is_absent(error: ClientError) -> bool:
    """Whether AWS says that there is no such thing."""
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "").lower()
    return code in ABSENT_CODES or (code == "ValidationException" and any(word in message for word in ABSENT_WORDS))


def as_tags(tags: Tags) -> list[dict[str, str]]:
    """As most operations take them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _from_list(listed: Iterable[dict[str, str]]) -> Tags:
    return {tag["Key"]: tag["Value"] for tag in listed}


def _sagemaker(word: str, operation: str, member: str, arn_kind: str) -> Kind:
    """A kind of SageMaker's: its operations differ in one word only."""

    def names(account: Account) -> Iterable[str]:
        call = getattr(account("sagemaker"), f"list_{operation}s")
        more: dict[str, Any] = {"NameContains": PREFIX}
        while True:
            page = call(**more)
            summaries = next(value for key, value in page.items() if key.endswith("s") and isinstance(value, list))
            yield from (one[member] for one in summaries if one[member].startswith(PREFIX))
            if not page.get("NextToken"):
                return
            more["NextToken"] = page["NextToken"]

    def tags(account: Account, name: str) -> Tags:
        arn = f"arn:{account.partition}:sagemaker:{account.region}:{account.number}:{arn_kind}/{name}"
        return _from_list(account("sagemaker").list_tags(ResourceArn=arn)["Tags"])

    def delete(account: Account, name: str) -> object:
        return getattr(account("sagemaker"), f"delete_{operation}")(**{member: name})

    def exists(account: Account, name: str) -> object:
        return getattr(account("sagemaker"), f"describe_{operation}")(**{member: name})

    return Kind(word=word, names=names, tags=tags, delete=delete, exists=exists)


def _alarm_names(account: Account) -> Iterable[str]:
    pages = account("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=PREFIX)
    return [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]


def _alarm_tags(account: Account, name: str) -> Tags:
    arn = f"arn:{account.partition}:cloudwatch:{account.region}:{account.number}:alarm:{name}"
    return _from_list(account("cloudwatch").list_tags_for_resource(ResourceARN=arn)["Tags"])


def _find_alarm(account: Account, name: str) -> object:
    found = account("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return found or _absent(name)


def _bucket_names(account: Account) -> Iterable[str]:
    return [one["Name"] for one in account("s3").list_buckets()["Buckets"] if one["Name"].startswith(PREFIX)]


def _empty_and_delete_bucket(account: Account, name: str) -> object:
    for page in account("s3").get_paginator("list_objects_v2").paginate(Bucket=name):
        if objects := [{"Key": one["Key"]} for one in page.get("Contents", ())]:
            account("s3").delete_objects(Bucket=name, Delete={"Objects": objects})
    return account("s3").delete_bucket(Bucket=name)


def _role_names(account: Account) -> Iterable[str]:
    pages = account("iam").get_paginator("list_roles").paginate()
    return [role["RoleName"] for page in pages for role in page["Roles"] if role["RoleName"].startswith(PREFIX)]


def _delete_role(account: Account, name: str) -> object:
    for policy in account("iam").list_role_policies(RoleName=name)["PolicyNames"]:
        account("iam").delete_role_policy(RoleName=name, PolicyName=policy)
    return account("iam").delete_role(RoleName=name)


def _absent(name: str) -> object:
    raise ClientError({"Error": {"Code": "ResourceNotFound", "Message": f"{name} is gone"}}, "Describe")


KINDS = (
    _sagemaker("inference component", "inference_component", "InferenceComponentName", "inference-component"),
    _sagemaker("endpoint", "endpoint", "EndpointName", "endpoint"),
    _sagemaker("endpoint configuration", "endpoint_config", "EndpointConfigName", "endpoint-config"),
    _sagemaker("model", "model", "ModelName", "model"),
    Kind(
        word="alarm",
        names=_alarm_names,
        tags=_alarm_tags,
        delete=lambda account, name: account("cloudwatch").delete_alarms(AlarmNames=[name]),
        exists=_find_alarm,
    ),
    Kind(
        word="bucket",
        names=_bucket_names,
        tags=lambda account, name: _from_list(account("s3").get_bucket_tagging(Bucket=name)["TagSet"]),
        delete=_empty_and_delete_bucket,
        exists=lambda account, name: account("s3").head_bucket(Bucket=name),
    ),
    Kind(
        word="role",
        names=_role_names,
        tags=lambda account, name: _from_list(account("iam").list_role_tags(RoleName=name)["Tags"]),
        delete=_delete_role,
        exists=lambda account, name: account("iam").get_role(RoleName=name),
    ),
)
"""In the order in which they can be deleted."""

BY_WORD = {kind.word: kind for kind in KINDS}
