"""CloudFormation types of Model Monitor: definitions of data quality jobs."""

from chem_endpoints.local.cfn_resource_type import ApiCalls, Context, ResourceType, Values
from chem_endpoints.local.cfn_stack import Made


def _definition_made(_context: Context, _parameters: Values, answer: Values) -> Made:
    arn = answer["JobDefinitionArn"]
    return Made(physical_id=arn, attributes={"JobDefinitionArn": arn})


_DEFINITION = ApiCalls(
    service="sagemaker",
    create="create_data_quality_job_definition",
    delete="delete_data_quality_job_definition",
    delete_with=("JobDefinitionName",),
    name_property="JobDefinitionName",
    made=_definition_made,
)

DATA_QUALITY_TYPES: tuple[ResourceType, ...] = (
    ResourceType(
        name="AWS::SageMaker::DataQualityJobDefinition",
        create=_DEFINITION.run_create,
        delete=_DEFINITION.run_delete,
        name_property="JobDefinitionName",
    ),
)
