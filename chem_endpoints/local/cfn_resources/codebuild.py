"""CloudFormation types of CodeBuild."""

from chem_endpoints.local.cfn_resource_type import ApiCalls, Context, ResourceType, Values, api_type
from chem_endpoints.local.cfn_stack import Made


def _project_made(_context: Context, parameters: Values, answer: Values) -> Made:
    return Made(physical_id=parameters["name"], attributes={"Arn": answer["project"]["arn"]})


def _update_project(context: Context, made: Made, _old: Values, new: Values) -> Made:
    context.call("codebuild", "update_project", _PROJECT.parameters(context, new, made.physical_id))
    return made


_PROJECT = ApiCalls(
    service="codebuild",
    create="create_project",
    delete="delete_project",
    delete_with=("name",),
    name_property="Name",
    name_parameter="name",
    name_limit=150,
    made=_project_made,
)

CODEBUILD_TYPES: tuple[ResourceType, ...] = (api_type("AWS::CodeBuild::Project", _PROJECT, update=_update_project),)
