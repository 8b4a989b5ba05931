"""A real-time endpoint that scales to zero: instances without a model, and an inference component with one.

Role, network and isolation stand on the configuration, not on the model. The component refers to the endpoint, so it
is deleted first, as SageMaker wants it.

Source: "Scale an endpoint to zero instances", SageMaker developer guide.
"""

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from chem_endpoints.spec.component import ComponentServing
from chem_endpoints.spec.declared_values import MAIN_VARIANT
from chem_endpoints.spec.endpoint_spec import ComponentSpec
from constructs_lib.alarm_set import AlarmSet
from constructs_lib.alarms import component_alarms, rollback_alarms
from constructs_lib.copy_scaling import CopyScalingPolicies
from constructs_lib.data_capture import capture_settings, write_captured
from constructs_lib.deployment_settings import component_deployment, watch_alarms
from constructs_lib.endpoint_parts import EndpointParts, volume_key
from constructs_lib.enhanced_metrics import enhanced_metrics
from constructs_lib.named_endpoint import NamedEndpoint
from constructs_lib.production_variant import DOWNLOAD_SECONDS, STARTUP_SECONDS, component_variant
from constructs_lib.tagging import client_tags


class ComponentEndpoint(Construct):
    """Model, configuration, endpoint, inference component, scaling and alarms."""

    def __init__(self, scope: Construct, construct_id: str, *, spec: ComponentSpec, parts: EndpointParts) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            spec: the declaration.
            parts: what it is made from.
        """
        super().__init__(scope, construct_id)
        serving, names = spec.serving, parts.names
        rules = component_alarms(spec.alarms)
        undo = rollback_alarms(rules) if serving.deployment else ()
        self.execution_role = parts.execution_role(
            self,
            [
                *([write_captured(serving.capture, names)] if serving.capture else []),
                *([watch_alarms([names.alarm_arn(rule.key) for rule in undo])] if undo else []),
            ],
        )
        self.model = parts.model(
            self, "Model", source=spec.model, execution_role=self.execution_role, isolation=False, placement=None
        )
        self.config = sagemaker.CfnEndpointConfig(
            self,
            "Config",
            production_variants=[component_variant(serving=serving, image=spec.model.image)],
            execution_role_arn=self.execution_role.role.role_arn,
            enable_network_isolation=serving.isolation or None,
            vpc_config=parts.placement.for_config() if parts.placement else None,
            kms_key_id=volume_key(serving.instance_type),
            data_capture_config=capture_settings(serving.capture, names) if serving.capture else None,
            metrics_config=enhanced_metrics(serving.metrics),
        )
        self.execution_role.comes_before(self.config)
        self.endpoint = NamedEndpoint(
            self,
            "Endpoint",
            names=names,
            config=self.config,
            logs=parts.logs,
            tags=client_tags(spec, parts.bundle, names),
            scaling_minimum=serving.instances.min,
        )
        self.alarms = AlarmSet(self, "Alarms", rules=(*rules, *undo), names=names, variant=MAIN_VARIANT)
        self.component = sagemaker.CfnInferenceComponent(
            self,
            "Component",
            inference_component_name=names.component,
            endpoint_name=self.endpoint.resource.attr_endpoint_name,
            variant_name=MAIN_VARIANT,
            specification=self._specification(spec),
            runtime_config=sagemaker.CfnInferenceComponent.InferenceComponentRuntimeConfigProperty(
                copy_count=serving.first_copies
            ),
            deployment_config=(
                component_deployment(serving.deployment, alarm_names=[names.alarm(rule.key) for rule in undo])
                if serving.deployment and parts.guardrails
                else None
            ),
        )
        self.alarms.come_before(self.component, {rule.key for rule in undo})
        if parts.scaling:
            CopyScalingPolicies(self, "Scaling", scaling=serving.scaling, names=names, component=self.component)

    def _specification(
        self, spec: ComponentSpec
    ) -> sagemaker.CfnInferenceComponent.InferenceComponentSpecificationProperty:
        component = sagemaker.CfnInferenceComponent
        serving = spec.serving
        return component.InferenceComponentSpecificationProperty(
            model_name=self.model.resource.attr_model_name,
            startup_parameters=component.InferenceComponentStartupParametersProperty(
                container_startup_health_check_timeout_in_seconds=STARTUP_SECONDS,
                model_data_download_timeout_in_seconds=DOWNLOAD_SECONDS,
            ),
            compute_resource_requirements=component.InferenceComponentComputeResourceRequirementsProperty(
                min_memory_required_in_mb=serving.memory_mb,
                number_of_cpu_cores_required=serving.cpu_cores,
                number_of_accelerator_devices_required=_accelerators(serving, gpu=spec.model.image == "deep-gpu"),
            ),
        )


def _accelerators(serving: ComponentServing, *, gpu: bool) -> int | None:
    return serving.accelerators or (1 if gpu else None)
