"""The sharp edges of SageMaker infrastructure: each as a one-line change that would cut, and the test that notices."""

from dataclasses import dataclass

_STACKS, _LIB = "tests/stacks", "tests/constructs_lib"


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A mistake that somebody could make in one line."""

    name: str
    """What would be wrong."""
    file: str
    """In ``constructs_lib``."""
    find: str
    """Stands there exactly once."""
    replace: str
    test: str
    """Must fail with the mistake, and passes without."""


def _mutation(name: str, file: str, find: str, replace: str, test: str) -> Mutation:
    return Mutation(name=name, file=f"constructs_lib/{file}", find=find, replace=replace, test=test)


MUTATIONS: tuple[Mutation, ...] = (
    _mutation(
        "a minimum of 0 is swallowed",
        "scalable_target.py",
        "min_capacity=minimum,",
        "min_capacity=minimum or 1,",
        f"{_STACKS}/test_scaling_and_alarms.py::test_an_async_endpoint_may_go_to_zero",
    ),
    _mutation(
        "managed instances never reach 0",
        "production_variant.py",
        "min_instance_count=serving.instances.min,",
        "min_instance_count=serving.instances.min or 1,",
        f"{_STACKS}/test_component.py::test_it_starts_with_one_copy_on_one_instance_and_then_belongs_to_scaling",
    ),
    _mutation(
        "a weight of 0 is swallowed",
        "production_variant.py",
        "initial_variant_weight=weight,",
        "initial_variant_weight=weight or 1,",
        f"{_STACKS}/test_variants.py::test_a_weight_of_zero_is_zero",
    ),
    _mutation(
        "alarms watch the dimension Endpoint",
        "rule_alarm.py",
        "DimensionProperty(name=name, value=value)",
        'DimensionProperty(name=name.replace("EndpointName", "Endpoint"), value=value)',
        f"{_STACKS}/test_scaling_and_alarms.py::"
        "test_every_metric_has_the_namespace_and_dimensions_of_the_table[async-v1]",
    ),
    _mutation(
        "scaling follows the dimension Endpoint",
        "scaling_policy.py",
        "MetricDimensionProperty(name=name, value=value)",
        'MetricDimensionProperty(name=name.replace("EndpointName", "Endpoint"), value=value)',
        f"{_STACKS}/test_scaling_and_alarms.py::"
        "test_every_metric_has_the_namespace_and_dimensions_of_the_table[async-v1]",
    ),
    _mutation(
        "queue metrics are asked for by variant",
        "metrics.py",
        '_ENDPOINT: tuple[Dimension, ...] = ("EndpointName",)',
        '_ENDPOINT: tuple[Dimension, ...] = ("EndpointName", "VariantName")',
        f"{_LIB}/test_metrics.py::test_a_metric_belongs_to_the_queue_a_variant_or_a_component",
    ),
    _mutation(
        "utilization is sought among the invocations",
        "metrics.py",
        'INSTANCES_NAMESPACE = "/aws/sagemaker/Endpoints"',
        'INSTANCES_NAMESPACE = "AWS/SageMaker"',
        f"{_LIB}/test_metrics.py::test_only_utilization_has_other_namespaces",
    ),
    _mutation(
        "nothing wakes an endpoint without instances",
        "alarms.py",
        'severity="none",\n    metric=metrics.BACKLOG_WITHOUT_CAPACITY,',
        'severity="none",\n    metric=metrics.BACKLOG_PER_INSTANCE,',
        f"{_STACKS}/test_scaling_and_alarms.py::test_a_single_request_wakes_a_sleeping_endpoint",
    ),
    _mutation(
        "one waiting request wakes nothing",
        "alarms.py",
        '\n    metric=metrics.BACKLOG_WITHOUT_CAPACITY,\n    comparison="GreaterThanOrEqualToThreshold",',
        '\n    metric=metrics.BACKLOG_WITHOUT_CAPACITY,\n    comparison="GreaterThanThreshold",',
        f"{_STACKS}/test_scaling_and_alarms.py::test_a_single_request_wakes_a_sleeping_endpoint",
    ),
    _mutation(
        "one failed request wakes no copy",
        "alarms.py",
        '\n    metric=metrics.NO_CAPACITY_FAILURES,\n    comparison="GreaterThanOrEqualToThreshold",',
        '\n    metric=metrics.NO_CAPACITY_FAILURES,\n    comparison="GreaterThanThreshold",',
        f"{_STACKS}/test_scaling_by_kind.py::test_one_failed_request_wakes_the_first_copy",
    ),
    _mutation(
        "a component that sleeps has no wake step",
        "copy_scaling.py",
        "if lowest(scaling.min, scaling.schedule) == 0:",
        "if lowest(scaling.min, scaling.schedule) < 0:",
        f"{_STACKS}/test_scaling_by_kind.py::test_one_failed_request_wakes_the_first_copy",
    ),
    _mutation(
        "the Model has a name",
        "model.py",
        "enable_network_isolation=isolation or None,",
        "model_name=spec.name, enable_network_isolation=isolation or None,",
        f"{_STACKS}/test_endpoint.py::test_the_endpoint_has_a_literal_name_and_what_is_replaced_has_none[fixed-v1]",
    ),
    _mutation(
        "the EndpointConfig has a name",
        "async_endpoint.py",
        '"Config",',
        '"Config", endpoint_config_name=names.endpoint,',
        f"{_STACKS}/test_endpoint.py::test_the_endpoint_has_a_literal_name_and_what_is_replaced_has_none[async-v1]",
    ),
    _mutation(
        "the endpoint has no literal name",
        "named_endpoint.py",
        "endpoint_name=names.endpoint,",
        "endpoint_name=None,",
        f"{_STACKS}/test_endpoint.py::test_the_endpoint_has_a_literal_name_and_what_is_replaced_has_none[fixed-v1]",
    ),
    _mutation(
        "a name holds the time of synthesis",
        "naming.py",
        'return f"{self.endpoint}-{key}{_suffix(variant)}"',
        "return f\"{self.endpoint}-{key}{_suffix(variant)}-{__import__('time').time_ns()}\"",
        f"{_STACKS}/test_application.py::test_synthesizing_twice_gives_the_same_files",
    ),
    _mutation(
        "an update forgets the scaled size",
        "named_endpoint.py",
        "retain_all_variant_properties=None if scaling_minimum is None else True,",
        "retain_all_variant_properties=None,",
        f"{_STACKS}/test_guardrails.py::test_an_update_keeps_the_size_and_takes_weights_and_capture[variants-v1-excluded0]",
    ),
    _mutation(
        "an update ignores a change of capture",
        "named_endpoint.py",
        '"DesiredWeight", "DataCaptureConfig", *',
        '"DesiredWeight", *',
        f"{_STACKS}/test_guardrails.py::test_an_update_keeps_the_size_and_takes_weights_and_capture[variants-v1-excluded0]",
    ),
    _mutation(
        "an update of a sleeping endpoint starts no instance",
        "named_endpoint.py",
        '*(["DesiredInstanceCount"] if scaling_minimum == 0 else [])',
        '*(["DesiredInstanceCount"] if not scaling_minimum == 0 else [])',
        f"{_STACKS}/test_guardrails.py::"
        "test_an_update_keeps_the_size_and_takes_weights_and_capture[guarded-async-v1-excluded1]",
    ),
    _mutation(
        "the target may come before the endpoint",
        "scalable_target.py",
        "self.resource.add_resource_dependency(resized)",
        "assert resized",
        f"{_STACKS}/test_scaling_and_alarms.py::test_an_async_endpoint_may_go_to_zero",
    ),
    _mutation(
        "managed instances carry a model",
        "production_variant.py",
        "managed_instance_scaling=sagemaker",
        'model_name="model", managed_instance_scaling=sagemaker',
        f"{_STACKS}/test_component.py::test_it_starts_with_one_copy_on_one_instance_and_then_belongs_to_scaling",
    ),
    _mutation(
        "a component starts without a copy",
        "component_endpoint.py",
        "copy_count=serving.first_copies",
        "copy_count=serving.scaling.min",
        f"{_STACKS}/test_component.py::test_it_starts_with_one_copy_on_one_instance_and_then_belongs_to_scaling",
    ),
    _mutation(
        "the configuration of a component has no role",
        "component_endpoint.py",
        "execution_role_arn=self.execution_role.role.role_arn,",
        "execution_role_arn=None,",
        f"{_STACKS}/test_component.py::test_role_and_isolation_stand_on_the_configuration",
    ),
    _mutation(
        "isolation of a component stands on the model",
        "component_endpoint.py",
        "isolation=False",
        "isolation=True",
        f"{_STACKS}/test_component.py::test_role_and_isolation_stand_on_the_configuration",
    ),
    _mutation(
        "the component does not refer to its endpoint",
        "component_endpoint.py",
        "endpoint_name=self.endpoint.resource.attr_endpoint_name,",
        "endpoint_name=names.endpoint,",
        f"{_STACKS}/test_component.py::test_it_has_the_endpoints_name_and_refers_to_it",
    ),
    _mutation(
        "a variant's errors undo no update",
        "deployment_settings.py",
        "alarms=[endpoint.AlarmProperty(alarm_name=name) for name in alarm_names]",
        "alarms=[endpoint.AlarmProperty(alarm_name=name) for name in alarm_names[1:]]",
        f"{_STACKS}/test_guardrails.py::"
        "test_the_alarms_that_undo_are_literal_fire_in_time_and_not_without_data[variants-v1]",
    ),
    _mutation(
        "no traffic undoes every update",
        "rule_alarm.py",
        "treat_missing_data=rule.missing,",
        'treat_missing_data="breaching",',
        f"{_STACKS}/test_guardrails.py::"
        "test_the_alarms_that_undo_are_literal_fire_in_time_and_not_without_data[variants-v1]",
    ),
    _mutation(
        "the alarm fires after the wait is over",
        "alarms.py",
        "ROLLBACK_PERIOD_SECONDS = 60",
        "ROLLBACK_PERIOD_SECONDS = 900",
        f"{_STACKS}/test_guardrails.py::"
        "test_the_alarms_that_undo_are_literal_fire_in_time_and_not_without_data[variants-v1]",
    ),
    _mutation(
        "the endpoint refers to its alarms, which refer to it",
        "async_endpoint.py",
        "alarm_names=[names.alarm(rule.key) for rule in undo],",
        "alarm_names=[each.alarm.ref for each in self.alarms.alarms[-1:]],",
        f"{_STACKS}/test_guardrails.py::"
        "test_the_alarms_that_undo_are_literal_fire_in_time_and_not_without_data[guarded-async-v1]",
    ),
    _mutation(
        "the endpoint comes before the alarms that it names",
        "alarm_set.py",
        "resource.add_resource_dependency(alarm.alarm)",
        "assert alarm.alarm",
        f"{_STACKS}/test_guardrails.py::test_the_alarms_that_undo_are_there_before_what_names_them[guarded-async-v1]",
    ),
    _mutation(
        "the role cannot see the alarms that undo",
        "deployment_settings.py",
        'actions=["cloudwatch:DescribeAlarms"], resources=list(alarm_arns)',
        'actions=["cloudwatch:DescribeAlarms"], resources=list(alarm_arns)[:1]',
        f"{_STACKS}/test_guardrails.py::test_the_role_may_look_at_exactly_these_alarms[variants-v1]",
    ),
    _mutation(
        "alarms tell nobody",
        "alarm_set.py",
        "action_arns=[names.shared.alarm_topic_arn]",
        "action_arns=[]",
        f"{_STACKS}/test_scaling_and_alarms.py::"
        "test_every_other_alarm_tells_the_topic_and_says_what_to_do[realtime-v1]",
    ),
    _mutation(
        "the role has full access",
        "execution_role.py",
        'iam.Role(self, "Role", assumed_by=sagemaker_principal(names.shared))',
        'iam.Role(self, "Role", assumed_by=sagemaker_principal(names.shared), '
        'managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AmazonSageMakerFullAccess")])',
        f"{_STACKS}/test_permissions.py::test_no_managed_policy_of_aws_and_no_wildcard_action[async-v1]",
    ),
    _mutation(
        "an update takes the former model's permissions away first",
        "execution_role.py",
        'f"Policy-{_identity(self, statements)}"',
        '"Policy"',
        f"{_STACKS}/test_updates.py::test_other_permissions_are_another_policy_so_that_the_former_model_keeps_its_own",
    ),
    _mutation(
        "a monitoring schedule names its job definition by ARN",
        "data_quality.py",
        "monitoring_job_definition_name=_name_of(self.job_definition),",
        "monitoring_job_definition_name=self.job_definition.ref,",
        f"{_STACKS}/test_data_quality.py::test_the_schedule_follows_the_job_definition",
    ),
    _mutation(
        "the role reads every object",
        "execution_role.py",
        "resources=[artifact.arn for artifact in artifacts]",
        'resources=["*"]',
        f"{_STACKS}/test_permissions.py::test_the_role_reads_one_artifact",
    ),
    _mutation(
        "SageMaker of any account takes the role",
        "execution_role.py",
        'conditions={"StringEquals": {"aws:SourceAccount": names.account}}',
        "conditions={}",
        f"{_STACKS}/test_permissions.py::test_sagemaker_takes_the_role_for_this_account_only[async-v1]",
    ),
    _mutation(
        "a key is asked for on NVMe disks",
        "endpoint_parts.py",
        "return None if any(map(has_local_storage, instance_types)) else KEY_ALIAS",
        "return KEY_ALIAS",
        f"{_STACKS}/test_endpoint.py::test_volumes_use_our_key_unless_the_instance_stores_on_nvme_or_is_none[gpu-v1]",
    ),
    _mutation(
        "isolation is asked for on serverless",
        "serverless_endpoint.py",
        "isolation=False",
        "isolation=True",
        f"{_STACKS}/test_endpoint.py::test_the_container_reaches_no_network_where_its_kind_allows[serverless-v1]",
    ),
    _mutation(
        "captured CSV is stored in base64",
        "data_capture.py",
        'READABLE_CSV = ("text/csv",)',
        'READABLE_CSV = ("application/csv",)',
        f"{_STACKS}/test_endpoint.py::test_only_realtime_endpoints_capture",
    ),
    _mutation(
        "captured requests do not use our key",
        "data_capture.py",
        "kms_key_id=KEY_ALIAS,",
        "kms_key_id=None,",
        f"{_STACKS}/test_endpoint.py::test_only_realtime_endpoints_capture",
    ),
    _mutation(
        "logs never expire",
        "container_logs.py",
        "retention_in_days=stage.log_retention_days,",
        "retention_in_days=None,",
        f"{_STACKS}/test_endpoint.py::test_the_log_group_is_there_first_and_expires",
    ),
    _mutation(
        "latency is compared in milliseconds",
        "alarms.py",
        "threshold=thresholds.p99_latency_ms * metrics.MICROSECONDS_PER_MILLISECOND,",
        "threshold=thresholds.p99_latency_ms,",
        f"{_LIB}/test_alarms.py::test_realtime_thresholds",
    ),
    _mutation(
        "the age of a request is compared in minutes",
        "alarms.py",
        "threshold=thresholds.oldest_request_minutes * metrics.SECONDS_PER_MINUTE,",
        "threshold=thresholds.oldest_request_minutes,",
        f"{_LIB}/test_alarms.py::test_async_thresholds",
    ),
    _mutation(
        "a cold start is compared in seconds",
        "alarms.py",
        "threshold=thresholds.setup_seconds * metrics.MICROSECONDS_PER_SECOND,",
        "threshold=thresholds.setup_seconds,",
        f"{_LIB}/test_alarms.py::test_serverless_thresholds",
    ),
    _mutation(
        "failures of a queue are a share of Invocations, which it does not publish",
        "alarms.py",
        "whole=metrics.PROCESSED_REQUESTS,",
        "whole=metrics.INVOCATIONS,",
        f"{_LIB}/test_alarms.py::test_shares_compare_counts_of_the_same_kind",
    ),
    _mutation(
        "errors of a component are counted by variant",
        "alarms.py",
        "_server_errors(thresholds, metrics.COMPONENT_SERVER_ERRORS, metrics.COMPONENT_INVOCATIONS)",
        "_server_errors(thresholds, metrics.SERVER_ERRORS, metrics.INVOCATIONS)",
        f"{_LIB}/test_alarms.py::test_shares_compare_counts_of_the_same_kind",
    ),
    _mutation(
        "a queue follows InvocationsPerInstance, which it does not publish",
        "backlog_scaling.py",
        "metric=BACKLOG_PER_INSTANCE,",
        'preset="SageMakerVariantInvocationsPerInstance",',
        f"{_STACKS}/test_scaling_and_alarms.py::test_no_async_endpoint_watches_what_async_endpoints_do_not_publish",
    ),
    _mutation(
        "a shrinking queue cuts jobs that run",
        "scaling_policy.py",
        "disable_scale_in=True if scale_in_seconds is None else None,",
        "disable_scale_in=None,",
        f"{_STACKS}/test_scaling_and_alarms.py::test_the_backlog_only_ever_adds_instances",
    ),
    _mutation(
        "an endpoint sleeps when nobody knows whether it works",
        "alarms.py",
        'missing="notBreaching",',
        'missing="breaching",',
        f"{_STACKS}/test_scaling_and_alarms.py::"
        "test_an_idle_endpoint_goes_to_its_minimum_after_the_declared_minutes[async-v1-0]",
    ),
    _mutation(
        "an endpoint sleeps after a minute",
        "alarms.py",
        "datapoints=scaling.idle_minutes,",
        "datapoints=1,",
        f"{_STACKS}/test_scaling_and_alarms.py::"
        "test_an_idle_endpoint_goes_to_its_minimum_after_the_declared_minutes[async-v1-0]",
    ),
    _mutation(
        "a shadow gets more than its share",
        "realtime_endpoint.py",
        "weight=self._spec.serving.weight * declared.percent / 100,",
        "weight=declared.percent,",
        f"{_STACKS}/test_variants.py::test_a_shadow_stands_beside_one_production_variant",
    ),
    _mutation(
        "use of provisioned concurrency is a percentage",
        "concurrency_scaling.py",
        "value=scaling.utilization_percent / 100,",
        "value=scaling.utilization_percent,",
        f"{_STACKS}/test_scaling_by_kind.py::test_provisioned_concurrency_follows_its_use",
    ),
    _mutation(
        "office hours are in UTC",
        "scalable_target.py",
        "timezone=action.timezone,",
        "timezone=None,",
        f"{_STACKS}/test_scaling_by_kind.py::test_the_clock_changes_the_bounds_in_the_declared_time_zone",
    ),
    _mutation(
        "scaling=off leaves scaling on",
        "serverless_endpoint.py",
        "if spec.serving.scaling and parts.scaling:",
        "if spec.serving.scaling:",
        f"{_STACKS}/test_scaling_by_kind.py::"
        "test_scaling_off_removes_every_scaling_resource_and_nothing_else[provisioned-v1]",
    ),
)
"""The table."""
