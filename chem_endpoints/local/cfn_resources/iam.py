"""CloudFormation types of IAM. The policies are kept and shown, never enforced: moto has no callers to refuse."""

import json
from typing import Any

from chem_endpoints.local.cfn_properties import Properties, given
from chem_endpoints.local.cfn_resource_type import Context, ResourceType, Values, change_tags, undone_on_failure
from chem_endpoints.local.cfn_stack import Made

_ATTACHMENTS = (("Roles", "role", "RoleName"), ("Users", "user", "UserName"), ("Groups", "group", "GroupName"))


def _create_role(context: Context, properties: Values) -> Made:
    taken = Properties(properties)
    name = taken.take("RoleName") or context.name(limit=64)
    inline, attached = taken.take("Policies", []), taken.take("ManagedPolicyArns", [])
    parameters = given(
        RoleName=name,
        AssumeRolePolicyDocument=taken.take_json("AssumeRolePolicyDocument"),
        **{
            key: taken.take(key) for key in ("Description", "Path", "MaxSessionDuration", "PermissionsBoundary", "Tags")
        },
    )
    taken.end()
    role = context.call("iam", "create_role", parameters)["Role"]
    with undone_on_failure(lambda: _delete_half_made_role(context, name)):
        _set_role_policies(context, name, inline, attached)
    return Made(physical_id=name, attributes={"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _set_role_policies(context: Context, name: str, inline: list[Any], attached: list[str]) -> None:
    iam = context.client("iam")
    for policy in inline:
        document = json.dumps(policy["PolicyDocument"])
        iam.put_role_policy(RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=document)
    for arn in attached:
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)


def _delete_half_made_role(context: Context, name: str) -> None:
    iam = context.client("iam")
    for policy_name in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=name)


def _remove_role_policies(context: Context, name: str, properties: Values) -> None:
    iam = context.client("iam")
    for policy in properties.get("Policies", []):
        iam.delete_role_policy(RoleName=name, PolicyName=policy["PolicyName"])
    for arn in properties.get("ManagedPolicyArns", []):
        iam.detach_role_policy(RoleName=name, PolicyArn=arn)


def _update_role(context: Context, made: Made, old: Values, new: Values) -> Made:
    taken, name, iam = Properties(new), made.physical_id, context.client("iam")
    inline, attached = taken.take("Policies", []), taken.take("ManagedPolicyArns", [])
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=taken.take_json("AssumeRolePolicyDocument"))
    settings = given(Description=taken.take("Description"), MaxSessionDuration=taken.take("MaxSessionDuration"))
    context.call("iam", "update_role", {"RoleName": name, **settings})
    for unchangeable in ("Tags", "RoleName", "Path", "PermissionsBoundary"):
        taken.take(unchangeable)
    taken.end()
    _remove_role_policies(context, name, old)
    _set_role_policies(context, name, inline, attached)
    change_tags(
        old,
        new,
        remove=lambda keys: iam.untag_role(RoleName=name, TagKeys=keys),
        add=lambda tags: iam.tag_role(RoleName=name, Tags=tags),
    )
    return made


def _delete_role(context: Context, made: Made, properties: Values) -> None:
    _remove_role_policies(context, made.physical_id, properties)
    context.client("iam").delete_role(RoleName=made.physical_id)


def _create_inline_policy(context: Context, properties: Values) -> Made:
    taken = Properties(properties)
    name, document = taken.take("PolicyName"), taken.take_json("PolicyDocument")
    holders = [(noun, key, taken.take(member, [])) for member, noun, key in _ATTACHMENTS]
    taken.end()
    for noun, key, names in holders:
        for holder in names:
            parameters = {key: holder, "PolicyName": name, "PolicyDocument": document}
            context.call("iam", f"put_{noun}_policy", parameters)
    return Made(physical_id=context.name(limit=128), attributes={"Id": name})


def _update_inline_policy(context: Context, made: Made, old: Values, new: Values) -> Made:
    _delete_inline_policy(context, made, old)
    _create_inline_policy(context, new)
    return made


def _delete_inline_policy(context: Context, _made: Made, properties: Values) -> None:
    for member, noun, key in _ATTACHMENTS:
        for holder in properties.get(member, []):
            parameters = {key: holder, "PolicyName": properties["PolicyName"]}
            context.call("iam", f"delete_{noun}_policy", parameters)


def _create_managed_policy(context: Context, properties: Values) -> Made:
    taken = Properties(properties)
    parameters = given(
        PolicyName=taken.take("ManagedPolicyName") or context.name(limit=128),
        PolicyDocument=taken.take_json("PolicyDocument"),
        **{key: taken.take(key) for key in ("Description", "Path", "Tags")},
    )
    for member, _, _ in _ATTACHMENTS:
        taken.take(member)
    taken.end()
    arn = context.call("iam", "create_policy", parameters)["Policy"]["Arn"]
    with undone_on_failure(lambda: context.client("iam").delete_policy(PolicyArn=arn)):
        _attach(context, "attach", arn, properties)
    return Made(physical_id=arn, attributes={"PolicyArn": arn})


def _attach(context: Context, verb: str, arn: str, properties: Values) -> None:
    for member, noun, key in _ATTACHMENTS:
        for holder in properties.get(member, []):
            context.call("iam", f"{verb}_{noun}_policy", {key: holder, "PolicyArn": arn})


def _update_managed_policy(context: Context, made: Made, old: Values, new: Values) -> Made:
    iam, arn = context.client("iam"), made.physical_id
    if new.get("PolicyDocument") != old.get("PolicyDocument"):
        _remove_old_versions(context, arn)
        document = json.dumps(new["PolicyDocument"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    _attach(context, "detach", arn, old)
    _attach(context, "attach", arn, new)
    return made


def _remove_old_versions(context: Context, arn: str) -> None:
    iam = context.client("iam")
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])


def _delete_managed_policy(context: Context, made: Made, properties: Values) -> None:
    _attach(context, "detach", made.physical_id, properties)
    _remove_old_versions(context, made.physical_id)
    context.client("iam").delete_policy(PolicyArn=made.physical_id)


IAM_TYPES: tuple[ResourceType, ...] = (
    ResourceType(
        name="AWS::IAM::Role",
        create=_create_role,
        update=_update_role,
        delete=_delete_role,
        replaced_by=frozenset({"RoleName", "Path"}),
        name_property="RoleName",
    ),
    ResourceType(
        name="AWS::IAM::Policy",
        create=_create_inline_policy,
        update=_update_inline_policy,
        delete=_delete_inline_policy,
    ),
    ResourceType(
        name="AWS::IAM::ManagedPolicy",
        create=_create_managed_policy,
        update=_update_managed_policy,
        delete=_delete_managed_policy,
        replaced_by=frozenset({"ManagedPolicyName", "Path", "Description"}),
        name_property="ManagedPolicyName",
    ),
)
