"""What CloudFormation sets at creation only, and what identifies a resource, by its schemas."""

from chem_endpoints.local.cfn_schema import schema_of

_NAMES = {
    "AWS::SageMaker::Model": ("ModelName",),
    "AWS::SageMaker::EndpointConfig": ("EndpointConfigName",),
    "AWS::SageMaker::Endpoint": ("EndpointName",),
    "AWS::SageMaker::InferenceComponent": ("InferenceComponentName",),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName",),
    "AWS::SNS::Topic": ("TopicName",),
}
"""Types whose schema names the ARN as identity, although their name must be free, too."""


def create_only(type_: str) -> tuple[tuple[str, ...], ...]:
    """Paths of the properties whose change replaces a resource of a type; none for a type without a schema."""
    schema = schema_of(type_)
    return schema.create_only if schema else ()


def identifiers(type_: str) -> tuple[str, ...]:
    """Properties that together are a resource's identity in AWS; none for a type without a schema."""
    schema = schema_of(type_)
    return _NAMES.get(type_) or (schema.identifiers if schema else ())
