"""Promise: each of our rules finds the fault that it is there for, and nothing in a sound template."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from constructs_lib.review import RULES, Expected, findings
from constructs_lib.review.alarms import known_metrics

OURS = Expected(accounts=frozenset({"123456789012"}))
CONFIG, ENDPOINT, VARIANT = "Config/Properties", "Endpoint/Properties", "Config/Properties/ProductionVariants/0"
OUTPUT = f"{CONFIG}/AsyncInferenceConfig/OutputConfig"
ALARM, DEPLOYMENT = "Errors/Properties", "Endpoint/Properties/DeploymentConfig"
STATEMENT = "Policy/Properties/PolicyDocument/Statement/1"
TRUST = "Role/Properties/AssumeRolePolicyDocument/Statement/0"
METRIC = "Follow/Properties/TargetTrackingScalingPolicyConfiguration"
REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/chem-endpoints"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One change of a sound template, and the resource in which one rule must find it."""

    rule: str
    path: str
    value: Any
    resource: str
    kind: str = "realtime"
    expected: Expected = OURS


def fault(
    rule: str, path: str, value: Any, *, kind: str = "realtime", at: str = "", expected: Expected = OURS
) -> Fault:
    return Fault(rule=rule, path=path, value=value, kind=kind, resource=at or path.split("/")[0], expected=expected)


IN_VPC = Expected(accounts=OURS.accounts, vpc=True)

FAULTS = [
    fault("ModelIsolated", "Model/Properties/EnableNetworkIsolation", None),
    fault("ModelIsolated", "Model/Properties/EnableNetworkIsolation", False),
    fault("ModelIsolated", f"{CONFIG}/EnableNetworkIsolation", None, kind="component"),
    fault("InVpc", "Model/Properties/VpcConfig", {}, expected=IN_VPC),
    fault("InVpc", f"{CONFIG}/VpcConfig", {}, expected=IN_VPC, kind="component"),
    fault("ImagePinned", "Model/Properties/PrimaryContainer/Image", f"{REPOSITORY}:latest"),
    fault("ImagePinned", "Model/Properties/PrimaryContainer/Image", {"Ref": "Parameter"}),
    fault("ImagePinned", "Model/Properties/PrimaryContainer/Image", {"Fn::Sub": f"{REPOSITORY}:1.0"}),
    fault("StartupTimeSet", f"{VARIANT}/ContainerStartupHealthCheckTimeoutInSeconds", None),
    fault(
        "StartupTimeSet",
        "Component/Properties/Specification/StartupParameters",
        None,
        kind="component",
    ),
    fault("NoCoreDump", f"{VARIANT}/CoreDumpConfig", {"DestinationS3Uri": "s3://b/dumps"}),
    fault("NoShell", f"{VARIANT}/EnableSSMAccess", True),
    fault("ConfigEncrypted", f"{CONFIG}/KmsKeyId", None),
    fault("ConfigEncrypted", f"{VARIANT}/InstanceType", "ml.g5.xlarge"),
    fault("CaptureEncrypted", f"{CONFIG}/DataCaptureConfig/KmsKeyId", None),
    fault("GeneratedNames", "Model/Properties/ModelName", "m"),
    fault("GeneratedNames", f"{CONFIG}/EndpointConfigName", "c"),
    fault("LiteralEndpointName", f"{ENDPOINT}/EndpointName", {"Ref": "Name"}),
    fault("NoModelWithManagedInstances", f"{VARIANT}/ManagedInstanceScaling", {"Status": "ENABLED"}),
    fault("CopiesAtLeastOne", "Component/Properties/RuntimeConfig/CopyCount", 0, kind="component"),
    fault("AnswersEncrypted", f"{OUTPUT}/KmsKeyId", None, kind="async"),
    fault("FailurePath", f"{OUTPUT}/S3FailurePath", None, kind="async"),
    fault(
        "NoAnswersInMessages",
        f"{OUTPUT}/NotificationConfig/IncludeInferenceResponseIn",
        ["SUCCESS_NOTIFICATION_TOPIC"],
        kind="async",
    ),
    fault("TopicsEncrypted", "Topic/Properties/KmsMasterKeyId", None, kind="async"),
    fault("CapacityKept", f"{ENDPOINT}/RetainAllVariantProperties", None),
    fault("CapacityKept", f"{ENDPOINT}/ExcludeRetainedVariantProperties/1", {"VariantPropertyType": "DesiredWeight"}),
    fault(
        "CapacityKept",
        f"{ENDPOINT}/ExcludeRetainedVariantProperties/2",
        {"VariantPropertyType": "DesiredWeight"},
        kind="async",
    ),
    fault(
        "QueueFollowsBacklog",
        METRIC,
        {"PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}},
        kind="async",
    ),
    fault(
        "QueueFollowsBacklog",
        f"{METRIC}/CustomizedMetricSpecification",
        {"Namespace": "Custom", "MetricName": "InvocationsPerInstance", "Statistic": "Sum"},
        kind="async",
    ),
    fault("WakesFromZero", "Wake/Properties/AlarmActions", ["arn:aws:sns:topic"], kind="async", at="Target"),
    fault(
        "WakesFromZero",
        "Step/Properties/StepScalingPolicyConfiguration/StepAdjustments",
        [{"ScalingAdjustment": -1}],
        kind="component",
        at="Target",
    ),
    fault("OneFailureWakes", "Wake/Properties/ComparisonOperator", "GreaterThanThreshold", kind="component"),
    fault("OneFailureWakes", "Wake/Properties/Threshold", 2, kind="component"),
    fault("TargetAfterEndpoint", "Target/DependsOn", []),
    fault("TargetAfterEndpoint", "Target/DependsOn", ["Step"], kind="component"),
    fault("MetricsExist", f"{ALARM}/MetricName", "InvocationErrors"),
    fault("MetricsExist", f"{ALARM}/Namespace", "/aws/sagemaker/Endpoints"),
    fault("MetricsExist", f"{ALARM}/Statistic", "Average"),
    fault(
        "MetricsExist", f"{ALARM}/Dimensions", [{"Name": "Endpoint", "Value": "m"}, {"Name": "Variant", "Value": "a"}]
    ),
    fault("MetricsExist", f"{METRIC}/CustomizedMetricSpecification/Dimensions", [], kind="async"),
    fault("AlarmsAct", "Slow/Properties/AlarmActions", []),
    fault("AlarmsAct", "Wake/Properties/AlarmActions", [], kind="component"),
    fault("AlarmsExplain", f"{ALARM}/AlarmDescription", "It is bad."),
    fault("RollbackAlarmsExist", f"{DEPLOYMENT}/AutoRollbackConfiguration", None, at="Endpoint"),
    fault(
        "RollbackAlarmsExist",
        f"{DEPLOYMENT}/AutoRollbackConfiguration/Alarms",
        [{"AlarmName": "of-another-stack"}],
    ),
    fault("RollbackAlarmsExist", f"{ALARM}/TreatMissingData", "missing"),
    fault("RollbackInTime", f"{ALARM}/Period", 300),
    fault("RollbackInTime", f"{ALARM}/EvaluationPeriods", 5),
    fault(
        "RollbackInTime",
        f"{DEPLOYMENT}/BlueGreenUpdatePolicy/TrafficRoutingConfiguration/WaitIntervalInSeconds",
        60,
        at="Errors",
    ),
    fault("LogsBounded", "Logs/Properties/RetentionInDays", None),
    fault("LogsBounded", "Logs/Properties/KmsKeyId", None),
    fault("LogsBounded", "Logs/Properties/LogGroupName", "/aws/sagemaker/Endpoints/other", at="Endpoint"),
    fault("LogsBounded", "ComponentLogs", None, kind="component", at="Component"),
    fault("NoFullAccess", "Role/Properties/ManagedPolicyArns", ["arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"]),
    fault("NoBareStar", f"{STATEMENT}/Resource", "*"),
    fault("NoBareStar", STATEMENT, {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::b"}),
    fault("NoWildcardAction", f"{STATEMENT}/Action", ["s3:Get*"]),
    fault(
        "NoWildcardAction", STATEMENT, {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "arn:aws:s3:::b"}
    ),
    fault("TrustBounded", f"{TRUST}/Condition", None),
    fault("TrustBounded", f"{TRUST}/Principal", {"AWS": "*"}),
    fault("CostTags", "Errors/Properties/Tags", None),
    fault("CostTags", f"{CONFIG}/Tags", [{"Key": "chem-endpoints:endpoint", "Value": "m-v1"}]),
    fault("NoTimestamp", "Model/Properties/PrimaryContainer/ModelDataUrl", "s3://b/model-20261122-101112.tar.gz"),
    fault("NoTimestamp", "Logs/Properties/Description", "made at 2026-11-22T10:11:12Z"),
    fault("NoForeignAccount", f"{STATEMENT}/Resource", "arn:aws:ecr:us-east-1:210987654321:repository/x"),
]


@pytest.mark.parametrize("each", FAULTS, ids=lambda each: f"{each.rule}-{each.path.rpartition('/')[2]}-{each.kind}")
def test_a_fault_is_found_by_its_rule_in_its_resource(broken: Callable[..., Any], each: Fault) -> None:
    found = findings(broken(each.kind, each.path, each.value), each.expected)
    assert (f"ChemEndpoints-{each.rule}", each.resource) in {(one.rule, one.resource) for one in found}
    assert all(one.message and one.remedy for one in found)


def test_a_sound_template_has_no_finding(sound: Any) -> None:
    assert findings(sound, OURS) == ()


def test_every_rule_has_a_fault_that_only_it_is_there_for(broken: Callable[..., Any]) -> None:
    alone = {
        each.rule
        for each in FAULTS
        if len({f.rule for f in findings(broken(each.kind, each.path, each.value), each.expected)}) == 1
    }
    assert {f"ChemEndpoints-{rule}" for rule in alone} == {rule.id for rule in RULES}


def test_rules_have_an_id_of_their_own_a_reason_and_a_remedy() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES) >= 15
    assert all(len(rule.reason) > 20 and rule.remedy.endswith(".") and rule.title for rule in RULES)


def test_isolation_is_asked_for_where_the_declaration_does(broken: Callable[..., Any]) -> None:
    open_model = broken("realtime", "Model/Properties/EnableNetworkIsolation", False)
    assert findings(open_model, Expected(isolation=False)) == ()


def test_a_digest_and_a_reference_within_the_name_are_pinned(broken: Callable[..., Any]) -> None:
    path = "Model/Properties/PrimaryContainer/Image"
    assert findings(broken("realtime", path, f"{REPOSITORY}@sha256:{'b' * 64}"), OURS) == ()
    assert findings(broken("realtime", path, {"Fn::Sub": f"${{AWS::AccountId}}.dkr.ecr/x:{'b' * 64}"}), OURS) == ()
    joined = {"Fn::Join": ["", [{"Ref": "AWS::AccountId"}, f".dkr.ecr/x@sha256:{'b' * 64}"]]}
    assert findings(broken("realtime", path, joined), OURS) == ()


def test_local_storage_is_left_to_the_hardware(broken: Callable[..., Any]) -> None:
    template = broken("realtime", f"{VARIANT}/InstanceType", "ml.g5.xlarge")
    del template["Resources"]["Config"]["Properties"]["KmsKeyId"]
    assert findings(template, OURS) == ()


def test_templates_of_others_are_read_too() -> None:
    foreign = {
        "Resources": {
            "Config": {
                "Type": "AWS::SageMaker::EndpointConfig",
                "Properties": {"ProductionVariants": [{"ModelName": "m", "InstanceType": {"Ref": "Type"}}]},
            },
            "Target": {
                "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
                "Properties": {"MinCapacity": {"Ref": "Least"}, "ResourceId": {"Fn::Sub": "endpoint/${Name}"}},
            },
            "Nothing": {"Type": "AWS::SNS::Topic"},
        }
    }
    assert {"ChemEndpoints-TopicsEncrypted", "ChemEndpoints-StartupTimeSet"} <= {f.rule for f in findings(foreign)}
    assert findings({}) == ()


def test_the_table_of_metrics_is_read() -> None:
    dimensions = frozenset({"EndpointName", "VariantName"})
    assert ("AWS/SageMaker", "Invocation5XXErrors", dimensions, "Sum") in known_metrics()
