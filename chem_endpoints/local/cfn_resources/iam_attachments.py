"""Policies of roles, users and groups, changed by differences: what stays is never taken away, not for a moment.

What is new comes first, what is old goes last, and a policy that is gone already counts as removed: so a change
that fails half-way loses no permission, and the change back finds all that it needs.
"""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.local.cfn_resource_type import Context, Values

HOLDERS = (("Roles", "role", "RoleName"), ("Users", "user", "UserName"), ("Groups", "group", "GroupName"))
"""Property of a policy, noun of the operations, parameter of the operations."""


def change_role_policies(context: Context, role: str, old: Values, new: Values) -> None:
    """Gives a role the inline and attached policies of ``new`` in place of those of ``old``."""
    iam = context.client("iam")
    before, after = _documents(old), _documents(new)
    for name, document in after.items():
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
    wanted, former = new.get("ManagedPolicyArns") or [], old.get("ManagedPolicyArns") or []
    for arn in wanted:
        _attach(context, "role", "RoleName", role, arn)
    for name in before:
        if name not in after:
            unless_gone(iam.delete_role_policy, RoleName=role, PolicyName=name)
    for arn in former:
        if arn not in wanted:
            unless_gone(iam.detach_role_policy, RoleName=role, PolicyArn=arn)


def change_holders(context: Context, arn: str, old: Values, new: Values) -> None:
    """Attaches a managed policy to the holders of ``new``, then detaches it from those of ``old`` alone."""
    for member, noun, key in HOLDERS:
        for holder in new.get(member) or []:
            _attach(context, noun, key, holder, arn)
    detach = _on_each_lost_holder(old, new)
    for noun, key, holder in detach:
        unless_gone(getattr(context.client("iam"), f"detach_{noun}_policy"), **{key: holder, "PolicyArn": arn})


def change_inline_holders(context: Context, old: Values, new: Values) -> None:
    """Writes an inline policy into the holders of ``new``, then removes it from those of ``old`` alone."""
    for member, noun, key in HOLDERS:
        for holder in new.get(member) or []:
            document = new["PolicyDocument"]
            text = document if isinstance(document, str) else json.dumps(document)
            parameters = {key: holder, "PolicyName": new["PolicyName"], "PolicyDocument": text}
            context.call("iam", f"put_{noun}_policy", parameters)
    kept = new if new.get("PolicyName") == old.get("PolicyName") else {}
    for noun, key, holder in _on_each_lost_holder(old, kept):
        remove = getattr(context.client("iam"), f"delete_{noun}_policy")
        unless_gone(remove, **{key: holder, "PolicyName": old["PolicyName"]})


def unless_gone(remove: Callable[..., Any], **parameters: Any) -> None:
    """Removes something; that it is not there is as good."""
    try:
        remove(**parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise


def _on_each_lost_holder(old: Values, new: Values) -> list[tuple[str, str, str]]:
    return [
        (noun, key, holder)
        for member, noun, key in HOLDERS
        for holder in old.get(member) or []
        if holder not in (new.get(member) or [])
    ]


def _attach(context: Context, noun: str, key: str, holder: str, arn: str) -> None:
    """Attaches what is not attached: moto would count a second time, and the policy could never be deleted."""
    iam = context.client("iam")
    attached = getattr(iam, f"list_attached_{noun}_policies")(**{key: holder})["AttachedPolicies"]
    if arn not in {policy["PolicyArn"] for policy in attached}:
        getattr(iam, f"attach_{noun}_policy")(**{key: holder, "PolicyArn": arn})


def _documents(properties: Values) -> dict[str, str]:
    return {policy["PolicyName"]: json.dumps(policy["PolicyDocument"]) for policy in properties.get("Policies") or []}
