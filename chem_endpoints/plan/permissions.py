"""Who may do what: statements of all policies of a template, one readable line each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chem_endpoints.plan.template import Resource, Template, shown

_POLICY_PROPERTIES = {
    "AWS::IAM::Policy": ("PolicyDocument",),
    "AWS::IAM::ManagedPolicy": ("PolicyDocument",),
    "AWS::IAM::RolePolicy": ("PolicyDocument",),
    "AWS::IAM::Role": ("AssumeRolePolicyDocument",),
    "AWS::KMS::Key": ("KeyPolicy",),
    "AWS::S3::BucketPolicy": ("PolicyDocument",),
    "AWS::SNS::TopicPolicy": ("PolicyDocument",),
    "AWS::ECR::Repository": ("RepositoryPolicyText",),
    "AWS::Logs::ResourcePolicy": ("PolicyDocument",),
}


@dataclass(frozen=True, order=True, kw_only=True)
class Grant:
    """A statement: whose, and what it says."""

    owner: str
    statement: str


@dataclass(frozen=True, kw_only=True)
class PermissionChanges:
    """Statements and attachments that a deployment adds and takes away."""

    added: tuple[Grant, ...]
    removed: tuple[Grant, ...]


def permission_changes(old: Template, new: Template) -> PermissionChanges:
    """The difference between two templates' grants."""
    before, after = set(_grants(old)), set(_grants(new))
    return PermissionChanges(added=tuple(sorted(after - before)), removed=tuple(sorted(before - after)))


def _grants(template: Template) -> Iterator[Grant]:
    for resource in template.resources.values():
        for property_ in _POLICY_PROPERTIES.get(resource.type, ()):
            yield from _of_document(resource.logical_id, resource.properties.get(property_))
        if resource.type.startswith("AWS::IAM::"):
            yield from _attachments(resource)


def _attachments(resource: Resource) -> Iterator[Grant]:
    for inline in resource.properties.get("Policies", []):
        yield from _of_document(resource.logical_id, inline.get("PolicyDocument"))
    for arn in resource.properties.get("ManagedPolicyArns", []):
        yield Grant(owner=resource.logical_id, statement=f"has the policy {shown(arn)}")
    for kind in ("Roles", "Users", "Groups"):
        for name in resource.properties.get(kind, []):
            yield Grant(owner=resource.logical_id, statement=f"is attached to {shown(name)}")
    boundary = resource.properties.get("PermissionsBoundary")
    if boundary:
        yield Grant(owner=resource.logical_id, statement=f"has the permissions boundary {shown(boundary)}")


def _of_document(owner: str, document: object) -> Iterator[Grant]:
    if isinstance(document, Mapping):
        for statement in _listed(document.get("Statement", [])):
            yield Grant(owner=owner, statement=_readable(statement))


def _readable(statement: Mapping[str, Any]) -> str:
    parts = [str(statement.get("Effect", "Allow"))]
    principal = _principal(statement)
    parts += [principal] if principal else []
    for key, word in (("Action", ""), ("NotAction", "all but"), ("Resource", "on"), ("NotResource", "on all but")):
        if key in statement:
            values = ", ".join(sorted(map(shown, _listed(statement[key]))))
            parts.append(f"{word} {values}".strip())
    for operator, tests in sorted(statement.get("Condition", {}).items()):
        for key, value in sorted(tests.items()):
            parts.append(f"if {key} {operator} {', '.join(sorted(map(shown, _listed(value))))}")
    return " ".join(parts)


def _principal(statement: Mapping[str, Any]) -> str:
    for key, word in (("Principal", ""), ("NotPrincipal", "all but ")):
        named = statement.get(key)
        if isinstance(named, Mapping):
            return word + ", ".join(sorted(shown(one) for value in named.values() for one in _listed(value)))
        if named is not None:
            return f"{word}{shown(named)}"
    return ""


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
