"""An asynchronous endpoint: a queue, and instances that may sleep."""

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from chem_endpoints.spec.declared_values import MAIN_VARIANT
from chem_endpoints.spec.endpoint_spec import AsyncSpec
from chem_endpoints.spec.schedule import lowest
from constructs_lib.alarm_set import AlarmSet
from constructs_lib.alarms import async_alarms, rollback_alarms
from constructs_lib.async_objects import AsyncObjects, CompletionTopics, serve_queue
from constructs_lib.backlog_scaling import BacklogScalingPolicies
from constructs_lib.deployment_settings import endpoint_deployment, watch_alarms
from constructs_lib.endpoint_parts import EndpointParts, volume_key
from constructs_lib.enhanced_metrics import enhanced_metrics
from constructs_lib.named_endpoint import NamedEndpoint
from constructs_lib.production_variant import instance_variant
from constructs_lib.queue_settings import queue_settings
from constructs_lib.tagging import client_tags

LONGEST_TERMINATION_SECONDS = 3600
"""Most that AWS lets old instances stay after an update."""


class AsyncEndpoint(Construct):
    """Topics, model, configuration, endpoint, scaling and alarms."""

    def __init__(self, scope: Construct, construct_id: str, *, spec: AsyncSpec, parts: EndpointParts) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            spec: the declaration.
            parts: what it is made from.
        """
        super().__init__(scope, construct_id)
        serving, names = spec.serving, parts.names
        self.objects = AsyncObjects.of(names, serving.retain)
        self.topics = CompletionTopics(self, "Topics")
        rules = async_alarms(spec.alarms)
        undo = rollback_alarms(rules) if serving.deployment else ()
        self.execution_role = parts.execution_role(
            self,
            [
                *serve_queue(self.objects, self.topics),
                *([watch_alarms([names.alarm_arn(rule.key) for rule in undo])] if undo else []),
            ],
        )
        self.model = parts.model(
            self,
            "Model",
            source=spec.model,
            execution_role=self.execution_role,
            isolation=serving.isolation,
            placement=parts.placement,
        )
        self.config = sagemaker.CfnEndpointConfig(
            self,
            "Config",
            production_variants=[
                instance_variant(
                    name=MAIN_VARIANT,
                    model=self.model,
                    image=spec.model.image,
                    instance_type=serving.instance_type,
                    instances=serving.first_instances,
                    weight=1,
                )
            ],
            kms_key_id=volume_key(serving.instance_type),
            async_inference_config=queue_settings(serving.workers, self.objects, self.topics),
            metrics_config=enhanced_metrics(serving.metrics),
        )
        self.alarms = AlarmSet(self, "Alarms", rules=(*rules, *undo), names=names, variant=MAIN_VARIANT)
        self.endpoint = NamedEndpoint(
            self,
            "Endpoint",
            names=names,
            config=self.config,
            logs=parts.logs,
            tags=client_tags(spec, parts.bundle, names, async_input=self.objects.input),
            scaling_minimum=lowest(serving.scaling.min, serving.scaling.schedule),
            deployment=(
                endpoint_deployment(
                    serving.deployment,
                    alarm_names=[names.alarm(rule.key) for rule in undo],
                    # A job that an old instance holds may run this long.
                    termination_seconds=min(spec.client.invocation_timeout_s, LONGEST_TERMINATION_SECONDS),
                )
                if serving.deployment and parts.guardrails
                else None
            ),
        )
        self.alarms.come_before(self.endpoint.resource, {rule.key for rule in undo})
        if parts.scaling:
            BacklogScalingPolicies(
                self, "Scaling", scaling=serving.scaling, names=names, endpoint=self.endpoint.resource
            )
