"""The SageMaker Model: an image, an artifact and the container's environment."""

from collections.abc import Mapping

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from chem_endpoints.spec.endpoint_spec import EndpointSpec
from chem_endpoints.wire import environment
from constructs_lib.execution_role import ExecutionRole
from constructs_lib.s3_location import S3Location


class SageMakerModel(Construct):
    """A Model without a name: every property is replaced on change, so a name would collide with itself."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: EndpointSpec,
        image: str,
        artifact: S3Location,
        execution_role: ExecutionRole,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            spec: the declaration.
            image: image reference, tag included.
            artifact: the ``model.tar.gz``.
            execution_role: who pulls the image, reads the artifact and runs the container.
        """
        super().__init__(scope, construct_id)
        self.resource = sagemaker.CfnModel(
            self,
            "Resource",
            execution_role_arn=execution_role.role.role_arn,
            # The container answers requests and calls nobody; SageMaker fetches model and requests for it.
            enable_network_isolation=True,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=image, model_data_url=artifact.uri, environment=_environment(spec)
            ),
        )


def _environment(spec: EndpointSpec) -> Mapping[str, str]:
    declared = {
        environment.ENDPOINT_NAME: spec.name,
        environment.MODEL_SHA256: spec.model.sha256,
        environment.REQUEST_SECONDS: str(spec.client.request_seconds),
    }
    if spec.serving.workers is not None:
        declared[environment.WORKERS] = str(spec.serving.workers)
    return declared
