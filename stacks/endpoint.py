"""One endpoint: everything that is deployed, rolled back and destroyed with it."""

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import DefaultStackSynthesizer, Environment, Stack, Tags
from aws_cdk import aws_iam as iam
from constructs import Construct

from chem_endpoints.spec.endpoint_spec import AsyncSpec, EndpointSpec, RealtimeSpec
from chem_endpoints.spec.stages import Stage
from constructs_lib.alarms import AlarmSet, async_alarms, realtime_alarms
from constructs_lib.async_objects import AsyncObjects, CompletionTopics, serve_queue
from constructs_lib.backlog_scaling import BacklogScalingPolicies
from constructs_lib.caller_access import CallerAccess
from constructs_lib.configured_endpoint import ConfiguredEndpoint
from constructs_lib.container_logs import ContainerLogs
from constructs_lib.data_capture import capture_settings, write_captured
from constructs_lib.execution_role import ExecutionRole
from constructs_lib.invocation_scaling import InvocationScalingPolicy
from constructs_lib.model import SageMakerModel
from constructs_lib.naming import EndpointNames, SharedNames
from constructs_lib.published_bundle import PublishedBundle, bundle_in_s3, publish_bundle
from constructs_lib.queue_settings import queue_settings
from constructs_lib.tagging import client_tags, resource_tags


class EndpointStack(Stack):
    """A declaration as a stack."""

    def __init__(
        self, scope: Construct, construct_id: str, *, spec: EndpointSpec, stage: Stage, image: str, root: Path
    ) -> None:
        """
        Args:
            scope: the app.
            construct_id: id and stack name.
            spec: the declaration.
            stage: account, region, log retention.
            image: image reference that the Model runs.
            root: what the path of a local artifact starts from.
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
        shared = SharedNames(account=stage.account, region=stage.region)
        self.names = EndpointNames(shared=shared, endpoint=spec.name)
        self.bundle = self._bundle(spec, root, synthesizer)
        self.logs = ContainerLogs(self, "Logs", names=self.names, stage=stage)
        if isinstance(spec, RealtimeSpec):
            self._realtime(spec, image)
        else:
            self._async(spec, image)

    def _bundle(self, spec: EndpointSpec, root: Path, synthesizer: DefaultStackSynthesizer) -> PublishedBundle:
        if spec.model.is_local:
            return publish_bundle(self, path=root / spec.model.artifact, synthesizer=synthesizer)
        return bundle_in_s3(spec.model.artifact)

    def _realtime(self, spec: RealtimeSpec, image: str) -> None:
        capture = spec.serving.capture
        model = self._model(spec, image, [write_captured(capture, self.names)] if capture else [])
        realtime = ConfiguredEndpoint(
            self,
            "Realtime",
            serving=spec.serving,
            names=self.names,
            model=model,
            logs=self.logs,
            tags=client_tags(spec, self.bundle),
            capture=capture_settings(capture, self.names) if capture else None,
        )
        if spec.serving.scaling:
            InvocationScalingPolicy(
                self, "Scaling", scaling=spec.serving.scaling, names=self.names, endpoint=realtime.endpoint
            )
        AlarmSet(self, "Alarms", rules=realtime_alarms(spec.alarms), names=self.names)
        CallerAccess(self, "Callers", callers=spec.callers, names=self.names, bundle=self.bundle)

    def _async(self, spec: AsyncSpec, image: str) -> None:
        objects = AsyncObjects.of(self.names, spec.serving.retain)
        topics = CompletionTopics(self, "Topics")
        model = self._model(spec, image, serve_queue(objects, topics))
        asynchronous = ConfiguredEndpoint(
            self,
            "Async",
            serving=spec.serving,
            names=self.names,
            model=model,
            logs=self.logs,
            tags=client_tags(spec, self.bundle, objects.input),
            queue=queue_settings(spec.serving.workers, objects, topics),
        )
        BacklogScalingPolicies(
            self, "Scaling", scaling=spec.serving.scaling, names=self.names, endpoint=asynchronous.endpoint
        )
        AlarmSet(self, "Alarms", rules=async_alarms(spec.alarms), names=self.names)
        CallerAccess(self, "Callers", callers=spec.callers, names=self.names, bundle=self.bundle, objects=objects)

    def _model(self, spec: EndpointSpec, image: str, kind_statements: Sequence[iam.PolicyStatement]) -> SageMakerModel:
        role = ExecutionRole(
            self, "Execution", names=self.names, artifact=self.bundle.artifact, kind_statements=kind_statements
        )
        return SageMakerModel(self, "Model", spec=spec, image=image, artifact=self.bundle.artifact, execution_role=role)
