"""CloudFormation types of S3."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chem_endpoints.local.cfn_properties import Properties
from chem_endpoints.local.cfn_resource_type import Context, ResourceType, Values, undone_on_failure
from chem_endpoints.local.cfn_stack import Made


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """One property of a bucket that has an operation of its own."""

    put: str
    parameter: str
    remove: str | None
    convert: Callable[[Any], Any] = lambda value: value
    empty: Any = None
    """What is put where the service has no operation that removes."""


def _encryption(value: Any) -> Any:
    taken = Properties(value)
    rules = taken.take("ServerSideEncryptionConfiguration", [])
    taken.end()
    renamed = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    return {"Rules": [{renamed.get(key, key): inner for key, inner in rule.items()} for rule in rules]}


def _lifecycle(value: Any) -> Any:
    taken = Properties(value)
    rules = [_lifecycle_rule(Properties(rule)) for rule in taken.take("Rules", [])]
    taken.end()
    return {"Rules": rules}


_SAME_IN_LIFECYCLE = {
    "Id": "ID",
    "AbortIncompleteMultipartUpload": "AbortIncompleteMultipartUpload",
    "NoncurrentVersionExpiration": "NoncurrentVersionExpiration",
}


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    converted: dict[str, Any] = {"Status": rule.take("Status"), "Filter": {"Prefix": rule.take("Prefix", "")}}
    for name, parameter in _SAME_IN_LIFECYCLE.items():
        if (value := rule.take(name)) is not None:
            converted[parameter] = value
    if (days := rule.take("ExpirationInDays")) is not None:
        converted["Expiration"] = {"Days": days}
    if (marker := rule.take("ExpiredObjectDeleteMarker")) is not None:
        converted.setdefault("Expiration", {})["ExpiredObjectDeleteMarker"] = marker
    if (days := rule.take("NoncurrentVersionExpirationInDays")) is not None:
        converted["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
    if (tags := rule.take("TagFilters")) is not None:
        converted["Filter"] = {"And": {**converted["Filter"], "Tags": tags}}
    if (transitions := rule.take("Transitions")) is not None:
        converted["Transitions"] = [_transition(Properties(item)) for item in transitions]
    rule.end()
    return converted


def _transition(item: Properties) -> dict[str, Any]:
    converted = {"StorageClass": item.take("StorageClass"), "Days": item.take("TransitionInDays")}
    item.end()
    return converted


def _logging(value: Any) -> Any:
    taken = Properties(value)
    target = {"TargetBucket": taken.take("DestinationBucketName"), "TargetPrefix": taken.take("LogFilePrefix", "")}
    taken.end()
    return {"LoggingEnabled": target}


def _notifications(value: Any) -> Any:
    taken = Properties(value)
    bridge = taken.take("EventBridgeConfiguration")
    taken.end()
    return {"EventBridgeConfiguration": {}} if bridge else {}


def _canned_acl(value: str) -> str:
    """``LogDeliveryWrite`` → ``log-delivery-write``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", value).lower()


_SETTINGS = {
    "AccessControl": _Setting(put="put_bucket_acl", parameter="ACL", remove=None, convert=_canned_acl, empty="private"),
    "BucketEncryption": _Setting(
        put="put_bucket_encryption",
        parameter="ServerSideEncryptionConfiguration",
        remove="delete_bucket_encryption",
        convert=_encryption,
    ),
    "LifecycleConfiguration": _Setting(
        put="put_bucket_lifecycle_configuration",
        parameter="LifecycleConfiguration",
        remove="delete_bucket_lifecycle",
        convert=_lifecycle,
    ),
    "PublicAccessBlockConfiguration": _Setting(
        put="put_public_access_block",
        parameter="PublicAccessBlockConfiguration",
        remove="delete_public_access_block",
    ),
    "OwnershipControls": _Setting(
        put="put_bucket_ownership_controls",
        parameter="OwnershipControls",
        remove="delete_bucket_ownership_controls",
    ),
    "VersioningConfiguration": _Setting(
        put="put_bucket_versioning",
        parameter="VersioningConfiguration",
        remove=None,
        empty={"Status": "Suspended"},
    ),
    "LoggingConfiguration": _Setting(
        put="put_bucket_logging", parameter="BucketLoggingStatus", remove=None, convert=_logging, empty={}
    ),
    "NotificationConfiguration": _Setting(
        put="put_bucket_notification_configuration",
        parameter="NotificationConfiguration",
        remove=None,
        convert=_notifications,
        empty={},
    ),
    "Tags": _Setting(
        put="put_bucket_tagging",
        parameter="Tagging",
        remove="delete_bucket_tagging",
        convert=lambda tags: {"TagSet": tags},
    ),
}


def _create_bucket(context: Context, properties: Values) -> Made:
    name = properties.get("BucketName") or context.lower_name()
    place = {} if context.region == "us-east-1" else {"LocationConstraint": context.region}
    context.call("s3", "create_bucket", {"Bucket": name, **({"CreateBucketConfiguration": place} if place else {})})
    with undone_on_failure(lambda: context.client("s3").delete_bucket(Bucket=name)):
        _apply(context, name, {}, properties)
    return Made(
        physical_id=name,
        attributes={
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{context.region}.amazonaws.com",
        },
    )


def _apply(context: Context, bucket: str, old: Values, new: Values) -> None:
    for name, setting in _SETTINGS.items():
        if old.get(name) == new.get(name):
            continue
        if name in new:
            parameters = {"Bucket": bucket, setting.parameter: setting.convert(new[name])}
            context.call("s3", setting.put, parameters)
        elif setting.remove:
            getattr(context.client("s3"), setting.remove)(Bucket=bucket)
        else:
            context.call("s3", setting.put, {"Bucket": bucket, setting.parameter: setting.empty})


def _update_bucket(context: Context, made: Made, old: Values, new: Values) -> Made:
    _apply(context, made.physical_id, old, new)
    return made


def _delete_bucket(context: Context, made: Made, _properties: Values) -> None:
    context.client("s3").delete_bucket(Bucket=made.physical_id)


def _put_bucket_policy(context: Context, properties: Values) -> Made:
    taken = Properties(properties)
    bucket, policy = taken.take("Bucket"), taken.take_json("PolicyDocument")
    taken.end()
    context.call("s3", "put_bucket_policy", {"Bucket": bucket, "Policy": policy})
    return Made(physical_id=bucket)


def _update_bucket_policy(context: Context, _made: Made, _old: Values, new: Values) -> Made:
    return _put_bucket_policy(context, new)


def _delete_bucket_policy(context: Context, made: Made, _properties: Values) -> None:
    context.client("s3").delete_bucket_policy(Bucket=made.physical_id)


S3_TYPES: tuple[ResourceType, ...] = (
    ResourceType(
        name="AWS::S3::Bucket",
        known=frozenset({*_SETTINGS, "BucketName"}),
        create=_create_bucket,
        update=_update_bucket,
        delete=_delete_bucket,
        replaced_by=frozenset({"BucketName"}),
        name_property="BucketName",
    ),
    ResourceType(
        name="AWS::S3::BucketPolicy",
        known=frozenset({"Bucket", "PolicyDocument"}),
        create=_put_bucket_policy,
        update=_update_bucket_policy,
        delete=_delete_bucket_policy,
        replaced_by=frozenset({"Bucket"}),
    ),
)
