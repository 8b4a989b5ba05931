"""The CloudFormation types that the local AWS can make. Every other type fails the deployment.

All of them are made through the public API of this same server, so what a template makes is what a client would
see, and a property that the API does not know fails the deployment by name.
"""

from chem_endpoints.local.cfn_resource_type import ResourceType
from chem_endpoints.local.cfn_resources.codebuild import CODEBUILD_TYPES
from chem_endpoints.local.cfn_resources.custom_resource import PROVIDER_TYPES, custom_resource_type, is_custom
from chem_endpoints.local.cfn_resources.data_quality import DATA_QUALITY_TYPES
from chem_endpoints.local.cfn_resources.ec2 import EC2_TYPES
from chem_endpoints.local.cfn_resources.ecr import ECR_TYPES
from chem_endpoints.local.cfn_resources.events import EVENTS_TYPES
from chem_endpoints.local.cfn_resources.iam import IAM_TYPES
from chem_endpoints.local.cfn_resources.kms import KMS_TYPES
from chem_endpoints.local.cfn_resources.lambda_ import LAMBDA_TYPES
from chem_endpoints.local.cfn_resources.monitoring import MONITORING_TYPES
from chem_endpoints.local.cfn_resources.monitoring_schedule import MONITORING_SCHEDULE_TYPES
from chem_endpoints.local.cfn_resources.s3 import S3_TYPES
from chem_endpoints.local.cfn_resources.sagemaker import SAGEMAKER_TYPES
from chem_endpoints.local.cfn_resources.scaling import SCALING_TYPES
from chem_endpoints.local.cfn_resources.sns import SNS_TYPES
from chem_endpoints.local.cfn_resources.ssm import SSM_TYPES


class TypeTable(dict[str, ResourceType]):
    """Types by their names, and those of custom resources, which have any name."""

    def __missing__(self, name: str) -> ResourceType:
        if is_custom(name):
            return custom_resource_type(name)
        raise KeyError(name)


TYPES = TypeTable(
    (resource_type.name, resource_type)
    for table in (
        CODEBUILD_TYPES,
        DATA_QUALITY_TYPES,
        EC2_TYPES,
        ECR_TYPES,
        EVENTS_TYPES,
        IAM_TYPES,
        KMS_TYPES,
        LAMBDA_TYPES,
        MONITORING_TYPES,
        MONITORING_SCHEDULE_TYPES,
        PROVIDER_TYPES,
        S3_TYPES,
        SAGEMAKER_TYPES,
        SCALING_TYPES,
        SNS_TYPES,
        SSM_TYPES,
    )
    for resource_type in table
)

IGNORED_TYPES = frozenset({"AWS::CDK::Metadata"})
"""Types that make nothing, by AWS's own definition."""


def unrecognized(type_names: set[str]) -> list[str]:
    """The types among these that the local AWS cannot make."""
    known = {*TYPES, *IGNORED_TYPES, *filter(is_custom, type_names)}
    return sorted(type_names - known)
