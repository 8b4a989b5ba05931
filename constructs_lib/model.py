"""The SageMaker Model: an image, an artifact and the container's environment."""

import math
from collections.abc import Mapping

from aws_cdk import Tags
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from chem_endpoints.spec.endpoint_spec import EndpointSpec
from chem_endpoints.spec.model_source import ModelSource
from chem_endpoints.spec.support_matrix import SUPPORT
from chem_endpoints.wire import environment
from constructs_lib.execution_role import ExecutionRole
from constructs_lib.placement import Placement
from constructs_lib.s3_location import S3Location
from constructs_lib.tagging import ARTIFACT_VERSION


class SageMakerModel(Construct):
    """A Model without a name: every property is replaced on change, so a name would collide with itself."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: EndpointSpec,
        source: ModelSource,
        image: str,
        artifact: S3Location,
        execution_role: ExecutionRole | None,
        isolation: bool,
        placement: Placement | None,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            spec: the declaration.
            source: which of its models.
            image: image reference, tag or digest included.
            artifact: the ``model.tar.gz``.
            execution_role: who pulls the image, reads the artifact and runs the container; None where the endpoint
                configuration says so.
            isolation: whether the container has no network; False where the endpoint configuration says so.
            placement: the network it runs in; default: none of ours.
        """
        super().__init__(scope, construct_id)
        self.resource = sagemaker.CfnModel(
            self,
            "Resource",
            execution_role_arn=execution_role.role.role_arn if execution_role else None,
            enable_network_isolation=isolation or None,
            vpc_config=placement.for_model() if placement else None,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=image, model_data_url=artifact.uri, environment=_environment(spec, source)
            ),
        )
        if execution_role:
            execution_role.comes_before(self.resource)
        if source.artifact_version:
            Tags.of(self.resource).add(ARTIFACT_VERSION, source.artifact_version)


def _environment(spec: EndpointSpec, source: ModelSource) -> Mapping[str, str]:
    declared = {
        environment.ENDPOINT_NAME: spec.name,
        environment.MODEL_SHA256: source.sha256,
        environment.REQUEST_SECONDS: str(spec.client.request_seconds),
        environment.MAX_BODY_MEGABYTES: str(math.ceil(SUPPORT[spec.serving.kind].request_bytes.value / 10**6)),
    }
    if spec.serving.workers is not None:
        declared[environment.WORKERS] = str(spec.serving.workers)
    if source.allow_pickle:
        declared[environment.ALLOW_PICKLE] = "1"
    return declared
