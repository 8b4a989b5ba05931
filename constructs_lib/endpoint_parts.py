"""What every kind of endpoint is made from besides its declaration."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from constructs import Construct

from chem_endpoints.spec.endpoint_spec import EndpointSpec, models_of
from chem_endpoints.spec.instance_types import has_local_storage
from chem_endpoints.spec.model_source import ModelSource
from constructs_lib.container_logs import ContainerLogs
from constructs_lib.execution_role import ExecutionRole
from constructs_lib.image.container_image import ContainerImage
from constructs_lib.model import SageMakerModel
from constructs_lib.naming import KEY_ALIAS, EndpointNames
from constructs_lib.placement import Placement, join_network
from constructs_lib.published_bundle import PublishedBundle


@dataclass(frozen=True, kw_only=True)
class EndpointParts:
    """Names, bundles, images, logs and network of one endpoint."""

    spec: EndpointSpec
    names: EndpointNames
    bundles: Mapping[str, PublishedBundle]
    """By model digest."""
    image_of: Callable[[ModelSource], ContainerImage]
    """Image of a model."""
    logs: ContainerLogs
    placement: Placement | None
    """None outside a VPC."""
    scaling: bool
    """False leaves every scaling resource out, for the first of the two deployments that change an instance type."""
    guardrails: bool
    """False leaves the deployment settings out, for an update that alarms which already fire must not undo."""

    @property
    def bundle(self) -> PublishedBundle:
        """The main model's."""
        return self.bundles[self.spec.model.sha256]

    def execution_role(self, scope: Construct, kind_statements: Sequence[iam.PolicyStatement]) -> ExecutionRole:
        """The role of every model of the endpoint.

        Args:
            scope: parent construct.
            kind_statements: what this kind of endpoint needs besides.
        """
        network = [join_network()] if self.placement else []
        models = [model for _, model in models_of(self.spec)]
        artifacts = {model.sha256: self.bundles[model.sha256].artifact for model in models}
        repositories = {self.image_of(model).repository_arn: None for model in models}
        return ExecutionRole(
            scope,
            "Execution",
            names=self.names,
            artifacts=list(artifacts.values()),
            repository_arns=list(repositories),
            log_group_arns=self.logs.arns,
            kind_statements=[*kind_statements, *network],
            key_arns=sorted({model.artifact_key for model in models if model.artifact_key}),
        )

    def model(
        self,
        scope: Construct,
        construct_id: str,
        *,
        source: ModelSource,
        execution_role: ExecutionRole | None,
        isolation: bool,
        placement: Placement | None,
    ) -> SageMakerModel:
        """One of the endpoint's models; see `SageMakerModel` for what None and False mean."""
        return SageMakerModel(
            scope,
            construct_id,
            spec=self.spec,
            source=source,
            image=self.image_of(source).reference,
            artifact=self.bundles[source.sha256].artifact,
            execution_role=execution_role,
            isolation=isolation,
            placement=placement,
        )


def volume_key(*instance_types: str) -> str | None:
    """The key of the instances' volumes; None where AWS refuses one, because a type stores on local NVMe disks,
    which its hardware encrypts. Source: "CreateEndpointConfig" (KmsKeyId), SageMaker API reference."""
    return None if any(map(has_local_storage, instance_types)) else KEY_ALIAS
