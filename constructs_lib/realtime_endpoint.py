"""A real-time endpoint: variants on instances that always run."""

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from chem_endpoints.spec.declared_values import MAIN_VARIANT
from chem_endpoints.spec.endpoint_spec import RealtimeSpec
from chem_endpoints.spec.instance_scaling import InstanceScaling
from chem_endpoints.spec.schedule import lowest
from chem_endpoints.spec.variants import Shadow, Variant
from constructs_lib.alarm_rule import AlarmRule
from constructs_lib.alarm_set import AlarmSet
from constructs_lib.alarms import realtime_alarms, rollback_alarms
from constructs_lib.data_capture import capture_settings, write_captured
from constructs_lib.data_quality import DataQuality
from constructs_lib.deployment_settings import endpoint_deployment, watch_alarms
from constructs_lib.endpoint_parts import EndpointParts, volume_key
from constructs_lib.enhanced_metrics import enhanced_metrics
from constructs_lib.instance_scaling import InstanceScalingPolicy
from constructs_lib.model import SageMakerModel
from constructs_lib.named_endpoint import NamedEndpoint
from constructs_lib.production_variant import instance_variant
from constructs_lib.tagging import client_tags

TERMINATION_SECONDS = 120
"""How long old instances stay after the last step of an update: twice the longest request."""


class RealtimeEndpoint(Construct):
    """Models, configuration, endpoint, scaling and alarms."""

    def __init__(self, scope: Construct, construct_id: str, *, spec: RealtimeSpec, parts: EndpointParts) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            spec: the declaration.
            parts: what it is made from.
        """
        super().__init__(scope, construct_id)
        serving = spec.serving
        self._spec, self._parts = spec, parts
        undo = self._rollback_rules()
        self.execution_role = parts.execution_role(
            self,
            [
                *([write_captured(serving.capture, parts.names)] if serving.capture else []),
                *([watch_alarms([parts.names.alarm_arn(*each) for each in undo])] if undo else []),
            ],
        )
        self.model = self._model("Model", spec)
        self.variant_models = {each.name: self._model(f"Model-{each.name}", each) for each in serving.variants}
        types = [serving.instance_type, *(each.instance_type for each in serving.variants)]
        shadow = serving.shadow
        self.config = sagemaker.CfnEndpointConfig(
            self,
            "Config",
            production_variants=[
                self._main_variant(),
                *(self._variant(each, self.variant_models[each.name]) for each in serving.variants),
            ],
            shadow_production_variants=[self._shadow(shadow)] if shadow else None,
            kms_key_id=volume_key(*types, *([shadow.instance_type] if shadow else [])),
            data_capture_config=capture_settings(serving.capture, parts.names) if serving.capture else None,
            metrics_config=enhanced_metrics(serving.metrics),
        )
        self.endpoint = NamedEndpoint(
            self,
            "Endpoint",
            names=parts.names,
            config=self.config,
            logs=parts.logs,
            tags=client_tags(spec, parts.bundle, parts.names),
            scaling_minimum=min((lowest(scaling.min, scaling.schedule) for _, scaling in self._scaled()), default=None),
            deployment=(
                endpoint_deployment(
                    serving.deployment,
                    alarm_names=[parts.names.alarm(*each) for each in undo],
                    termination_seconds=TERMINATION_SECONDS,
                )
                if serving.deployment and parts.guardrails
                else None
            ),
        )
        if serving.monitor and serving.capture:
            DataQuality(
                self,
                "Monitor",
                monitor=serving.monitor,
                capture=serving.capture,
                names=parts.names,
                endpoint=self.endpoint,
            )
        self._scale()
        self.alarms = {
            variant: AlarmSet(self, f"Alarms-{variant}", rules=rules, names=parts.names, variant=variant)
            for variant, rules in self._rules().items()
        }
        for alarms in self.alarms.values():
            alarms.come_before(self.endpoint.resource, {key for key, _ in undo})

    def _model(self, construct_id: str, declared: RealtimeSpec | Variant | Shadow) -> SageMakerModel:
        return self._parts.model(
            self,
            construct_id,
            source=declared.model,
            execution_role=self.execution_role,
            isolation=self._spec.serving.isolation,
            placement=self._parts.placement,
        )

    def _main_variant(self) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        serving = self._spec.serving
        return instance_variant(
            name=MAIN_VARIANT,
            model=self.model,
            image=self._spec.model.image,
            instance_type=serving.instance_type,
            instances=serving.first_instances,
            weight=serving.weight,
        )

    def _variant(
        self, declared: Variant, model: SageMakerModel
    ) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        return instance_variant(
            name=declared.name,
            model=model,
            image=declared.model.image,
            instance_type=declared.instance_type,
            instances=self._spec.serving.first_instances_of(declared),
            weight=declared.weight,
        )

    def _shadow(self, declared: Shadow) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        return instance_variant(
            name=declared.name,
            model=self._model("ShadowModel", declared),
            image=declared.model.image,
            instance_type=declared.instance_type,
            instances=self._spec.serving.first_instances_of(declared),
            # A shadow gets weight / (weight of the production variant) of the requests.
            weight=self._spec.serving.weight * declared.percent / 100,
        )

    def _scaled(self) -> list[tuple[str, InstanceScaling]]:
        serving = self._spec.serving
        declared = [(MAIN_VARIANT, serving.scaling), *((each.name, each.scaling) for each in serving.variants)]
        return [(variant, scaling) for variant, scaling in declared if scaling]

    def _scale(self) -> None:
        if not self._parts.scaling:
            return
        for variant, scaling in self._scaled():
            InstanceScalingPolicy(
                self,
                "Scaling" if variant == MAIN_VARIANT else f"Scaling-{variant}",
                scaling=scaling,
                names=self._parts.names,
                variant=variant,
                endpoint=self.endpoint.resource,
            )

    def _rules(self) -> dict[str, tuple[AlarmRule, ...]]:
        """Alarms of each production variant."""
        variants = [MAIN_VARIANT, *(each.name for each in self._spec.serving.variants)]
        rules = realtime_alarms(self._spec.alarms)
        undo = [key for key, _ in self._rollback_rules()]
        twins = tuple(rule for rule in rollback_alarms(rules) if rule.key in undo)
        return dict.fromkeys(variants, (*rules, *twins))

    def _rollback_rules(self) -> list[tuple[str, str]]:
        """Key and variant of each alarm that undoes an update. AWS watches ten alarms at most, so with several
        variants only errors count."""
        serving = self._spec.serving
        if serving.deployment is None:
            return []
        keys = [rule.key for rule in rollback_alarms(realtime_alarms(self._spec.alarms))]
        if not serving.variants:
            return [(key, MAIN_VARIANT) for key in keys]
        return [(keys[0], variant) for variant in (MAIN_VARIANT, *(each.name for each in serving.variants))]
