"""What CloudFormation sets at creation only, and what identifies a resource: from the schemas that cfn-lint ships."""

from functools import cache

_NAMES = {
    "AWS::SageMaker::Model": ("ModelName",),
    "AWS::SageMaker::EndpointConfig": ("EndpointConfigName",),
    "AWS::SageMaker::Endpoint": ("EndpointName",),
    "AWS::SageMaker::InferenceComponent": ("InferenceComponentName",),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName",),
    "AWS::SNS::Topic": ("TopicName",),
}
"""Types whose schema names the ARN as identity, although their name must be free, too."""

_REGION = "us-east-1"  # holds every type; the schemas do not differ by region in what is create-only


@cache
def create_only(type_: str) -> tuple[tuple[str, ...], ...]:
    """Paths of the properties whose change replaces a resource of a type; none for a type without a schema."""
    return tuple(tuple(path.split("/")) for path in _paths(type_, "createOnlyProperties"))


@cache
def identifiers(type_: str) -> tuple[str, ...]:
    """Properties that together are a resource's identity in AWS; none for a type without a schema."""
    return _NAMES.get(type_) or _paths(type_, "primaryIdentifier")


def _paths(type_: str, which: str) -> tuple[str, ...]:
    # Takes seconds to import.
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError  # type: ignore[import-untyped]

    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, type_).schema
    except ResourceNotFoundError:
        return ()
    return tuple(path.removeprefix("/properties/") for path in schema.get(which) or ())
