"""CloudFormation types of IAM. The policies are kept and shown, never enforced: moto has no callers to refuse."""

import json

from chem_endpoints.local.cfn_properties import Properties, given
from chem_endpoints.local.cfn_resource_type import Context, ResourceType, Values, change_tags, undone_on_failure
from chem_endpoints.local.cfn_resources.iam_attachments import (
    HOLDERS,
    change_holders,
    change_inline_holders,
    change_role_policies,
)
from chem_endpoints.local.cfn_stack import Made

_LONGEST_SESSION_SECONDS = 3600
"""What a role has without MaxSessionDuration."""


def _create_role(context: Context, properties: Values) -> Made:
    taken = Properties(properties)
    name = taken.take("RoleName") or context.name(limit=64)
    for later in ("Policies", "ManagedPolicyArns"):
        taken.take(later)
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
        change_role_policies(context, name, {}, properties)
    return Made(physical_id=name, attributes={"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _delete_half_made_role(context: Context, name: str) -> None:
    iam = context.client("iam")
    for policy_name in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=name)


def _update_role(context: Context, made: Made, old: Values, new: Values) -> Made:
    name, iam = made.physical_id, context.client("iam")
    if old.get("AssumeRolePolicyDocument") != new.get("AssumeRolePolicyDocument"):
        trust = Properties(new).take_json("AssumeRolePolicyDocument")
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    settings = {
        "Description": new.get("Description", ""),
        "MaxSessionDuration": new.get("MaxSessionDuration", _LONGEST_SESSION_SECONDS),
    }
    context.call("iam", "update_role", {"RoleName": name, **settings})
    if boundary := new.get("PermissionsBoundary"):
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
    elif old.get("PermissionsBoundary"):
        iam.delete_role_permissions_boundary(RoleName=name)
    change_role_policies(context, name, old, new)
    change_tags(
        old,
        new,
        remove=lambda keys: iam.untag_role(RoleName=name, TagKeys=keys),
        add=lambda tags: iam.tag_role(RoleName=name, Tags=tags),
    )
    return made


def _delete_role(context: Context, made: Made, properties: Values) -> None:
    change_role_policies(context, made.physical_id, properties, {})
    context.client("iam").delete_role(RoleName=made.physical_id)


def _create_inline_policy(context: Context, properties: Values) -> Made:
    with undone_on_failure(lambda: change_inline_holders(context, properties, {})):
        change_inline_holders(context, {}, properties)
    return Made(physical_id=context.name(limit=128), attributes={"Id": properties["PolicyName"]})


def _update_inline_policy(context: Context, made: Made, old: Values, new: Values) -> Made:
    change_inline_holders(context, old, new)
    return made


def _delete_inline_policy(context: Context, _made: Made, properties: Values) -> None:
    change_inline_holders(context, properties, {})


def _create_managed_policy(context: Context, properties: Values) -> Made:
    taken = Properties(properties)
    parameters = given(
        PolicyName=taken.take("ManagedPolicyName") or context.name(limit=128),
        PolicyDocument=taken.take_json("PolicyDocument"),
        **{key: taken.take(key) for key in ("Description", "Path")},
    )
    for member, _, _ in HOLDERS:
        taken.take(member)
    taken.end()
    arn = context.call("iam", "create_policy", parameters)["Policy"]["Arn"]
    with undone_on_failure(lambda: _undo_managed_policy(context, arn, properties)):
        change_holders(context, arn, {}, properties)
    return Made(physical_id=arn, attributes={"PolicyArn": arn})


def _undo_managed_policy(context: Context, arn: str, properties: Values) -> None:
    change_holders(context, arn, properties, {})
    context.client("iam").delete_policy(PolicyArn=arn)


def _update_managed_policy(context: Context, made: Made, old: Values, new: Values) -> Made:
    iam, arn = context.client("iam"), made.physical_id
    if new.get("PolicyDocument") != old.get("PolicyDocument"):
        _remove_old_versions(context, arn)
        document = json.dumps(new["PolicyDocument"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    change_holders(context, arn, old, new)
    return made


def _remove_old_versions(context: Context, arn: str) -> None:
    iam = context.client("iam")
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])


def _delete_managed_policy(context: Context, made: Made, properties: Values) -> None:
    change_holders(context, made.physical_id, properties, {})
    _remove_old_versions(context, made.physical_id)
    context.client("iam").delete_policy(PolicyArn=made.physical_id)


IAM_TYPES: tuple[ResourceType, ...] = (
    ResourceType(
        name="AWS::IAM::Role",
        known=frozenset(
            {
                "RoleName",
                "Path",
                "Description",
                "AssumeRolePolicyDocument",
                "MaxSessionDuration",
                "PermissionsBoundary",
                "Policies",
                "ManagedPolicyArns",
                "Tags",
            }
        ),
        create=_create_role,
        update=_update_role,
        delete=_delete_role,
        replaced_by=frozenset({"RoleName", "Path"}),
        name_property="RoleName",
    ),
    ResourceType(
        name="AWS::IAM::Policy",
        known=frozenset({"PolicyName", "PolicyDocument", "Roles", "Users", "Groups"}),
        create=_create_inline_policy,
        update=_update_inline_policy,
        delete=_delete_inline_policy,
    ),
    ResourceType(
        name="AWS::IAM::ManagedPolicy",
        known=frozenset({"ManagedPolicyName", "PolicyDocument", "Description", "Path", "Roles", "Users", "Groups"}),
        create=_create_managed_policy,
        update=_update_managed_policy,
        delete=_delete_managed_policy,
        replaced_by=frozenset({"ManagedPolicyName", "Path", "Description"}),
        name_property="ManagedPolicyName",
    ),
)
