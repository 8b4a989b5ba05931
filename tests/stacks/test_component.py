"""Promise: an inference component starts once, sleeps by itself, and is configured where AWS reads it."""

from collections.abc import Callable
from typing import Any

import pytest

from invariants import properties

Declare = Callable[..., dict[str, Any]]
CONFIG, MODEL = "AWS::SageMaker::EndpointConfig", "AWS::SageMaker::Model"
COMPONENT, ENDPOINT = "AWS::SageMaker::InferenceComponent", "AWS::SageMaker::Endpoint"
SERVING = {"kind": "inference_component", "instance_type": "ml.c7i.xlarge"}


@pytest.fixture
def template(assembly: Any) -> dict[str, Any]:
    found: dict[str, Any] = assembly.template("component-v1")
    return found


def test_it_has_the_endpoints_name_and_refers_to_it(template: dict[str, Any]) -> None:
    component = properties(template, COMPONENT)
    (endpoint,) = (name for name, each in template["Resources"].items() if each["Type"] == ENDPOINT)
    assert component["InferenceComponentName"] == "component-v1"
    # The reference makes CloudFormation delete the component first, as SageMaker wants it.
    assert component["EndpointName"] == {"Fn::GetAtt": [endpoint, "EndpointName"]}
    assert component["VariantName"] == "AllTraffic"


def test_it_starts_with_one_copy_on_one_instance_and_then_belongs_to_scaling(template: dict[str, Any]) -> None:
    assert properties(template, COMPONENT)["RuntimeConfig"] == {"CopyCount": 1}
    (variant,) = properties(template, CONFIG)["ProductionVariants"]
    assert variant["InitialInstanceCount"] == 1
    assert variant["ManagedInstanceScaling"] == {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 4}
    assert variant["RoutingConfig"] == {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}
    assert "ModelName" not in variant, "AWS refuses managed instance scaling beside a model"


def test_declared_copies_and_instances_are_the_first_ones(template_of: Declare) -> None:
    scaling = {"min": 2, "max": 4, "invocations_per_copy": 60}
    template = template_of({**SERVING, "instances": {"min": 2, "max": 4}, "copies": 3, "scaling": scaling})
    assert properties(template, COMPONENT)["RuntimeConfig"] == {"CopyCount": 3}
    assert properties(template, CONFIG)["ProductionVariants"][0]["InitialInstanceCount"] == 2


def test_role_and_isolation_stand_on_the_configuration(template: dict[str, Any]) -> None:
    config = properties(template, CONFIG)
    assert "Fn::GetAtt" in config["ExecutionRoleArn"]
    assert config["EnableNetworkIsolation"] is True
    assert not {"EnableNetworkIsolation", "VpcConfig"} & set(properties(template, MODEL))


def test_so_does_the_network(template_of: Declare) -> None:
    vpc = {"subnets": ["subnet-01234567", "subnet-01234568"], "security_groups": ["sg-01234567"]}
    template = template_of({**SERVING, "vpc": True, "isolation": False}, vpc=vpc)
    config = properties(template, CONFIG)
    assert config["VpcConfig"] == {
        "Subnets": ["subnet-01234567", "subnet-01234568"],
        "SecurityGroupIds": ["sg-01234567"],
    }
    assert "EnableNetworkIsolation" not in config
    assert not {"EnableNetworkIsolation", "VpcConfig"} & set(properties(template, MODEL))


def test_what_a_copy_needs_is_reserved(template: dict[str, Any], template_of: Declare) -> None:
    needed = properties(template, COMPONENT)["Specification"]["ComputeResourceRequirements"]
    assert needed == {"MinMemoryRequiredInMb": 1024}
    on_a_gpu = template_of({**SERVING, "instance_type": "ml.g5.xlarge", "cpu_cores": 1.5}, image="deep-gpu")
    needed = properties(on_a_gpu, COMPONENT)["Specification"]["ComputeResourceRequirements"]
    assert needed == {
        "MinMemoryRequiredInMb": 1024,
        "NumberOfCpuCoresRequired": 1.5,
        "NumberOfAcceleratorDevicesRequired": 1,
    }


def test_it_rolls_and_goes_back_by_the_components_own_metrics(template: dict[str, Any]) -> None:
    assert "DeploymentConfig" not in properties(template, ENDPOINT)
    deployment = properties(template, COMPONENT)["DeploymentConfig"]
    rolling = deployment["RollingUpdatePolicy"]
    assert rolling["MaximumBatchSize"] == {"Type": "CAPACITY_PERCENT", "Value": 50}
    assert rolling["RollbackMaximumBatchSize"] == {"Type": "CAPACITY_PERCENT", "Value": 100}
    assert rolling["WaitIntervalInSeconds"] == 180
    assert deployment["AutoRollbackConfiguration"]["Alarms"] == [
        {"AlarmName": "chem-endpoints-component-v1-rollback-server-errors"},
        {"AlarmName": "chem-endpoints-component-v1-rollback-slow-answers"},
    ]
