"""The CloudFormation types that the local AWS can make. Every other type fails the deployment.

All of them are made through the public API of this same server, so what a template makes is what a client would
see, and a property that the API does not know fails the deployment by name.
"""

from chem_endpoints.local.cfn_resource_type import ResourceType
from chem_endpoints.local.cfn_resources.ecr import ECR_TYPES
from chem_endpoints.local.cfn_resources.iam import IAM_TYPES
from chem_endpoints.local.cfn_resources.kms import KMS_TYPES
from chem_endpoints.local.cfn_resources.monitoring import MONITORING_TYPES
from chem_endpoints.local.cfn_resources.s3 import S3_TYPES
from chem_endpoints.local.cfn_resources.sagemaker import SAGEMAKER_TYPES
from chem_endpoints.local.cfn_resources.scaling import SCALING_TYPES
from chem_endpoints.local.cfn_resources.sns import SNS_TYPES
from chem_endpoints.local.cfn_resources.ssm import SSM_TYPES

TYPES: dict[str, ResourceType] = {
    resource_type.name: resource_type
    for table in (
        ECR_TYPES,
        IAM_TYPES,
        KMS_TYPES,
        MONITORING_TYPES,
        S3_TYPES,
        SAGEMAKER_TYPES,
        SCALING_TYPES,
        SNS_TYPES,
        SSM_TYPES,
    )
    for resource_type in table
}

IGNORED_TYPES = frozenset({"AWS::CDK::Metadata"})
"""Types that make nothing, by AWS's own definition."""


def unrecognized(type_names: set[str]) -> list[str]:
    """The types among these that the local AWS cannot make."""
    return sorted(name for name in type_names if name not in TYPES and name not in IGNORED_TYPES)
