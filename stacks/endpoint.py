"""One endpoint: everything that is deployed, rolled back and destroyed with it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from aws_cdk import DefaultStackSynthesizer, Environment, Stack, Tags
from aws_cdk import aws_iam as iam
from constructs import Construct

from chem_endpoints.spec.endpoint_spec import (
    AsyncSpec,
    ComponentSpec,
    EndpointSpec,
    RealtimeSpec,
    ServerlessSpec,
    models_of,
)
from chem_endpoints.spec.model_source import ModelSource
from chem_endpoints.spec.stages import Stage
from constructs_lib.acknowledgements import acknowledge_findings
from constructs_lib.async_endpoint import AsyncEndpoint
from constructs_lib.caller_access import CallerAccess
from constructs_lib.component_endpoint import ComponentEndpoint
from constructs_lib.container_logs import ContainerLogs
from constructs_lib.dashboard import EndpointDashboard
from constructs_lib.endpoint_parts import EndpointParts
from constructs_lib.image.container_image import ContainerImage
from constructs_lib.naming import EndpointNames, SharedNames
from constructs_lib.placement import Placement
from constructs_lib.published_bundle import PublishedBundle, bundle_in_s3, publish_bundle
from constructs_lib.realtime_endpoint import RealtimeEndpoint
from constructs_lib.serverless_endpoint import ServerlessEndpoint
from constructs_lib.tagging import resource_tags

Endpoint = RealtimeEndpoint | AsyncEndpoint | ServerlessEndpoint | ComponentEndpoint
"""The construct of any kind."""


class EndpointStack(Stack):
    """A declaration as a stack."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: EndpointSpec,
        stage: Stage,
        image_of: Callable[[Stack, EndpointSpec, ModelSource], ContainerImage],
        root: Path,
        scaling: bool = True,
        guardrails: bool = True,
    ) -> None:
        """
        Args:
            scope: the app.
            construct_id: id and stack name.
            spec: the declaration.
            stage: account, region, log retention, network.
            image_of: image that a model of the declaration runs; it may add an asset to the stack.
            root: what the path of a local artifact starts from.
            scaling: False leaves every scaling resource out.
            guardrails: False leaves the settings of guarded deployments out.
        """
        synthesizer = DefaultStackSynthesizer(generate_bootstrap_version_rule=False)
        super().__init__(
            scope,
            construct_id,
            description=spec.description or None,
            env=Environment(account=stage.account, region=stage.region),
            synthesizer=synthesizer,
        )
        # The stack works on a copy, and jsii hands out the original; both fill the same list of assets.
        synthesizer.bind(self)
        for key, value in resource_tags(spec).items():
            Tags.of(self).add(key, value)
        self.names = EndpointNames(shared=SharedNames(account=stage.account, region=stage.region), endpoint=spec.name)
        self.parts = EndpointParts(
            spec=spec,
            names=self.names,
            bundles=self._bundles(spec, root, synthesizer),
            image_of=lambda source: image_of(self, spec, source),
            logs=ContainerLogs(self, "Logs", names=self.names, stage=stage, component=isinstance(spec, ComponentSpec)),
            placement=_placement(spec, stage),
            scaling=scaling,
            guardrails=guardrails,
        )
        self.endpoint = self._endpoint(spec)
        self.dashboard = EndpointDashboard(self, "Dashboard", spec=spec, names=self.names)
        self.callers = CallerAccess(
            self,
            "Callers",
            callers=spec.callers,
            names=self.names,
            bundle=self.parts.bundle,
            objects=self.endpoint.objects if isinstance(self.endpoint, AsyncEndpoint) else None,
            component=isinstance(self.endpoint, ComponentEndpoint),
        )
        acknowledge_findings(self)

    def grant_invoke(self, grantee: iam.IGrantable) -> None:
        """Lets a principal of the app call the endpoint; see `CallerAccess.grant_invoke`."""
        self.callers.grant_invoke(grantee)

    def _bundles(
        self, spec: EndpointSpec, root: Path, synthesizer: DefaultStackSynthesizer
    ) -> Mapping[str, PublishedBundle]:
        bundles: dict[str, PublishedBundle] = {}
        for _, model in models_of(spec):
            if model.sha256 not in bundles:
                bundles[model.sha256] = (
                    publish_bundle(self, path=root / model.artifact, synthesizer=synthesizer)
                    if model.is_local
                    else bundle_in_s3(model.artifact)
                )
        return bundles

    def _endpoint(self, spec: EndpointSpec) -> Endpoint:
        match spec:
            case RealtimeSpec():
                return RealtimeEndpoint(self, "Realtime", spec=spec, parts=self.parts)
            case AsyncSpec():
                return AsyncEndpoint(self, "Async", spec=spec, parts=self.parts)
            case ServerlessSpec():
                return ServerlessEndpoint(self, "Serverless", spec=spec, parts=self.parts)
            case ComponentSpec():
                return ComponentEndpoint(self, "Component", spec=spec, parts=self.parts)


def _placement(spec: EndpointSpec, stage: Stage) -> Placement | None:
    if isinstance(spec, ServerlessSpec) or not spec.serving.vpc or stage.vpc is None:
        return None
    return Placement.of(stage.vpc)
