"""CloudFormation types of KMS."""

from chem_endpoints.local.cfn_properties import Properties, PropertyError, given
from chem_endpoints.local.cfn_resource_type import (
    ApiCalls,
    Context,
    ResourceType,
    Values,
    change_tags,
    undone_on_failure,
)
from chem_endpoints.local.cfn_stack import Made


def _create_key(context: Context, properties: Values) -> Made:
    taken = Properties(properties)
    parameters = given(
        Policy=taken.take_json("KeyPolicy"),
        Description=taken.take("Description"),
        KeySpec=taken.take("KeySpec"),
        KeyUsage=taken.take("KeyUsage"),
        MultiRegion=taken.take("MultiRegion"),
        Origin=taken.take("Origin"),
        BypassPolicyLockoutSafetyCheck=taken.take("BypassPolicyLockoutSafetyCheck"),
        Tags=_as_kms_tags(taken.take("Tags", [])),
    )
    taken.take("PendingWindowInDays")
    switches = {name: taken.take(name) for name in ("EnableKeyRotation", "RotationPeriodInDays", "Enabled")}
    taken.end()
    key = context.call("kms", "create_key", parameters)["KeyMetadata"]
    forget = {"KeyId": key["KeyId"], "PendingWindowInDays": 7}
    with undone_on_failure(lambda: context.client("kms").schedule_key_deletion(**forget)):
        _set_switches(context, key["KeyId"], switches)
    return Made(physical_id=key["KeyId"], attributes={"Arn": key["Arn"], "KeyId": key["KeyId"]})


def _as_kms_tags(tags: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tags]


def _set_switches(context: Context, key_id: str, switches: Values) -> None:
    kms = context.client("kms")
    if str(switches["EnableKeyRotation"]).lower() == "true":
        period = given(RotationPeriodInDays=switches["RotationPeriodInDays"])
        context.call("kms", "enable_key_rotation", {"KeyId": key_id, **period})
    else:
        kms.disable_key_rotation(KeyId=key_id)
    if str(switches["Enabled"]).lower() == "false":
        kms.disable_key(KeyId=key_id)
    else:
        kms.enable_key(KeyId=key_id)


def _update_key(context: Context, made: Made, old: Values, new: Values) -> Made:
    taken, kms = Properties(new), context.client("kms")
    policy = taken.take_json("KeyPolicy")
    if policy is None and "KeyPolicy" in old:
        raise PropertyError("#: the local AWS cannot remove [KeyPolicy] from an existing key")
    if policy is not None:
        kms.put_key_policy(KeyId=made.physical_id, PolicyName="default", Policy=policy)
    kms.update_key_description(KeyId=made.physical_id, Description=taken.take("Description", ""))
    switches = {name: taken.take(name) for name in ("EnableKeyRotation", "RotationPeriodInDays", "Enabled")}
    _set_switches(context, made.physical_id, switches)
    for ignored in ("Tags", "KeySpec", "KeyUsage", "MultiRegion", "Origin", "BypassPolicyLockoutSafetyCheck"):
        taken.take(ignored)
    taken.take("PendingWindowInDays")
    taken.end()
    change_tags(
        old,
        new,
        remove=lambda keys: kms.untag_resource(KeyId=made.physical_id, TagKeys=keys),
        add=lambda tags: kms.tag_resource(KeyId=made.physical_id, Tags=_as_kms_tags(tags)),
    )
    return made


def _schedule_deletion(context: Context, made: Made, properties: Values) -> None:
    days = int(properties.get("PendingWindowInDays", 30))
    context.client("kms").schedule_key_deletion(KeyId=made.physical_id, PendingWindowInDays=days)


def _alias_made(_context: Context, parameters: Values, _answer: Values) -> Made:
    return Made(physical_id=parameters["AliasName"])


def _update_alias(context: Context, made: Made, _old: Values, new: Values) -> Made:
    context.call("kms", "update_alias", {**new, "AliasName": made.physical_id})
    return made


_ALIAS = ApiCalls(
    service="kms",
    create="create_alias",
    delete="delete_alias",
    delete_with=("AliasName",),
    made=_alias_made,
)

KMS_TYPES: tuple[ResourceType, ...] = (
    ResourceType(
        name="AWS::KMS::Key",
        known=frozenset(
            {
                "KeyPolicy",
                "Description",
                "KeySpec",
                "KeyUsage",
                "MultiRegion",
                "Origin",
                "BypassPolicyLockoutSafetyCheck",
                "PendingWindowInDays",
                "EnableKeyRotation",
                "RotationPeriodInDays",
                "Enabled",
                "Tags",
            }
        ),
        create=_create_key,
        update=_update_key,
        delete=_schedule_deletion,
        # Not a replacement: AWS keeps people from losing a key, and with it their data, by such a change.
        fixed=frozenset({"KeySpec", "KeyUsage", "MultiRegion", "Origin"}),
    ),
    ResourceType(
        name="AWS::KMS::Alias",
        known=frozenset({"AliasName", "TargetKeyId"}),
        create=_ALIAS.run_create,
        update=_update_alias,
        delete=_ALIAS.run_delete,
        replaced_by=frozenset({"AliasName"}),
        name_property="AliasName",
    ),
)
