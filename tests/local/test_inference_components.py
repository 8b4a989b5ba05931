"""Promise: inference components come, grow, sleep, wake, are updated and go as on SageMaker."""

import json
import os
import signal
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import ROLE

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]
MANAGED = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 2}


def place(**settings: Any) -> dict[str, Any]:
    return {
        "VariantName": "AllTraffic",
        "InstanceType": "ml.c7i.large",
        "InitialInstanceCount": 1,
        "ManagedInstanceScaling": MANAGED,
        "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
        **settings,
    }


class Components:
    """Makes endpoints with components by plain boto3 calls, and removes them."""

    def __init__(self, deployer: Any) -> None:
        self.deployer, self.api = deployer, deployer.sagemaker
        self.names: list[str] = []

    def specification(self, **model: Any) -> dict[str, Any]:
        needs = {"MinMemoryRequiredInMb": 1024, "NumberOfCpuCoresRequired": 1}
        return {"ModelName": self.deployer.model(**model), "ComputeResourceRequirements": needs}

    def endpoint(self) -> str:
        name = f"place-{uuid.uuid4().hex[:6]}"
        self.deployer.endpoint_of(name, [place()], ExecutionRoleArn=ROLE)
        return name

    def create(self, endpoint: str, name: str, copies: int = 1, **model: Any) -> dict[str, Any]:
        self.api.create_inference_component(
            InferenceComponentName=name,
            EndpointName=endpoint,
            VariantName="AllTraffic",
            Specification=self.specification(**model),
            RuntimeConfig={"CopyCount": copies},
            Tags=[{"Key": "team", "Value": "chem"}],
        )
        self.names.append(name)
        return self.settled(name)

    def copies(self, name: str, count: int) -> dict[str, Any]:
        self.api.update_inference_component_runtime_config(
            InferenceComponentName=name, DesiredRuntimeConfig={"CopyCount": count}
        )
        return self.settled(name)

    def settled(self, name: str) -> dict[str, Any]:
        while True:
            found: dict[str, Any] = self.api.describe_inference_component(InferenceComponentName=name)
            if found["InferenceComponentStatus"] not in ("Creating", "Updating"):
                return found
            time.sleep(0.05)


@pytest.fixture
def components(deployer: Any) -> Any:
    made = Components(deployer)
    yield made
    for name in made.names:
        made.settled(name)
        made.api.delete_inference_component(InferenceComponentName=name)


def ask(client: Clients, endpoint: str, component: str, order: dict[str, Any] | None = None) -> Any:
    answer = client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint,
        InferenceComponentName=component,
        Body=json.dumps(order or {"do": "echo"}).encode(),
    )
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    return json.loads(answer["Body"].read())


def test_a_component_serves_grows_sleeps_and_wakes(components: Any, client: Clients) -> None:
    endpoint = components.endpoint()
    assert instances(components, endpoint) == 0
    found = components.create(endpoint, endpoint, label="one")
    assert found["InferenceComponentStatus"] == "InService"
    assert found["RuntimeConfig"] == {"DesiredCopyCount": 1, "CurrentCopyCount": 1}
    assert found["InferenceComponentArn"].endswith(f":inference-component/{endpoint}")
    assert ask(client, endpoint, endpoint)["label"] == "one"
    assert instances(components, endpoint) == 1
    assert components.copies(endpoint, 3)["RuntimeConfig"]["CurrentCopyCount"] == 3
    assert instances(components, endpoint) == 2  # The maximum: two copies share an instance.
    assert len({ask(client, endpoint, endpoint)["pid"] for _ in range(9)}) == 3
    asleep = components.copies(endpoint, 0)
    assert asleep["InferenceComponentStatus"] == "InService"
    assert asleep["RuntimeConfig"] == {"DesiredCopyCount": 0, "CurrentCopyCount": 0}
    assert instances(components, endpoint) == 0
    with pytest.raises(ClientError, match="Inference Component has no capacity to process this request") as caught:
        ask(client, endpoint, endpoint)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    components.copies(endpoint, 1)
    assert ask(client, endpoint, endpoint)["label"] == "one"


def instances(components: Any, endpoint: str) -> int:
    variant = components.api.describe_endpoint(EndpointName=endpoint)["ProductionVariants"][0]
    assert variant["ManagedInstanceScaling"] == MANAGED
    assert variant["CurrentInstanceCount"] == variant["DesiredInstanceCount"]
    return int(variant["CurrentInstanceCount"])


def test_two_components_share_an_endpoint(components: Any, client: Clients) -> None:
    endpoint = components.endpoint()
    for name in ("first", "second"):
        components.create(endpoint, f"{endpoint}-{name}", label=name)
    for name in ("first", "second"):
        assert ask(client, endpoint, f"{endpoint}-{name}")["label"] == name
    listed = components.api.list_inference_components(EndpointNameEquals=endpoint)["InferenceComponents"]
    assert sorted(item["InferenceComponentName"] for item in listed) == [f"{endpoint}-first", f"{endpoint}-second"]
    assert components.api.list_inference_components(NameContains="nobody")["InferenceComponents"] == []


def test_a_component_must_be_named_and_be_there(components: Any, client: Clients, deployer: Any) -> None:
    endpoint = components.endpoint()
    runtime = client("sagemaker-runtime")
    with pytest.raises(ClientError, match="Inference Component Name header is required"):
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b"{}")
    with pytest.raises(ClientError, match=r"Inference Component nobody of endpoint .* not found"):
        ask(client, endpoint, "nobody")
    deployer.endpoint("with-a-model")
    with pytest.raises(ClientError, match="not found"):
        ask(client, "with-a-model", "nobody")


def test_an_update_replaces_the_copies_without_a_gap(components: Any, client: Clients) -> None:
    endpoint = components.endpoint()
    components.create(endpoint, endpoint, label="old")
    with ThreadPoolExecutor(1) as pool:
        components.api.update_inference_component(
            InferenceComponentName=endpoint,
            Specification=components.specification(label="new", environment={"STAND_IN_FAULT": "slow-start"}),
        )
        with pytest.raises(ClientError, match="while it is Updating"):
            components.api.delete_inference_component(InferenceComponentName=endpoint)
        with pytest.raises(ClientError, match="while it is Updating"):
            components.copies(endpoint, 2)
        finished = pool.submit(components.settled, endpoint)
        labels = []
        while not finished.done():
            labels.append(ask(client, endpoint, endpoint)["label"])
    assert labels[0] == "old"
    assert ask(client, endpoint, endpoint)["label"] == "new"


def test_a_failed_update_keeps_the_former_copies(components: Any, client: Clients) -> None:
    endpoint = components.endpoint()
    before = components.create(endpoint, endpoint, label="old")
    components.api.update_inference_component(
        InferenceComponentName=endpoint,
        Specification=components.specification(environment={"STAND_IN_FAULT": "exit"}),
    )
    after = components.settled(endpoint)
    assert after["InferenceComponentStatus"] == "InService"
    assert "did not pass the ping health check" in after["FailureReason"]
    assert after["Specification"] == before["Specification"]
    assert ask(client, endpoint, endpoint)["label"] == "old"


def test_an_alarm_takes_an_update_back_and_says_nothing(components: Any, client: Clients) -> None:
    endpoint = components.endpoint()
    components.create(endpoint, endpoint, label="old")
    client("cloudwatch").put_metric_alarm(
        AlarmName=endpoint,
        MetricName="m",
        Namespace="n",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    client("cloudwatch").set_alarm_state(AlarmName=endpoint, StateValue="ALARM", StateReason="by the test")
    batch = {"Type": "COPY_COUNT", "Value": 1}
    deployment = {
        "RollingUpdatePolicy": {"MaximumBatchSize": batch, "WaitIntervalInSeconds": 600},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": endpoint}]},
    }
    components.api.update_inference_component(
        InferenceComponentName=endpoint,
        Specification=components.specification(label="new"),
        RuntimeConfig={"CopyCount": 2},
        DeploymentConfig=deployment,
    )
    found = components.settled(endpoint)
    assert found["RuntimeConfig"] == {"DesiredCopyCount": 1, "CurrentCopyCount": 1}
    assert found["InferenceComponentStatus"] == "InService"
    assert "FailureReason" not in found
    assert found["LastDeploymentConfig"] == deployment
    assert ask(client, endpoint, endpoint)["label"] == "old"


def test_an_update_that_bakes_keeps_the_former_copies_alive_and_known(own_aws: Any) -> None:
    components = Components(own_aws.deployer)
    endpoint = components.endpoint()
    components.create(endpoint, endpoint)
    (former,) = own_aws.server_pids()
    batch = {"Type": "COPY_COUNT", "Value": 1}
    components.api.update_inference_component(
        InferenceComponentName=endpoint,
        Specification=components.specification(label="new"),
        DeploymentConfig={"RollingUpdatePolicy": {"MaximumBatchSize": batch, "WaitIntervalInSeconds": 3600}},
    )
    deadline = time.monotonic() + 15
    while ask(own_aws.client, endpoint, endpoint)["label"] != "new":
        assert time.monotonic() < deadline
    os.kill(former, signal.SIGKILL)
    while former in own_aws.server_pids():
        assert time.monotonic() < deadline
    own_aws.wait_for_servers(2)  # The supervisor has started it again: an alarm may still ask for it.
    assert own_aws.stop() == 0
    assert own_aws.server_pids() == set()


def test_an_alarm_that_does_not_exist_is_refused(components: Any) -> None:
    endpoint = components.endpoint()
    components.create(endpoint, endpoint)
    batch = {"Type": "COPY_COUNT", "Value": 1}
    deployment = {
        "RollingUpdatePolicy": {"MaximumBatchSize": batch, "WaitIntervalInSeconds": 0},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "no-such-alarm"}]},
    }
    with pytest.raises(ClientError, match="do not exist: no-such-alarm") as caught:
        components.api.update_inference_component(
            InferenceComponentName=endpoint, RuntimeConfig={"CopyCount": 2}, DeploymentConfig=deployment
        )
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert components.settled(endpoint)["RuntimeConfig"]["DesiredCopyCount"] == 1


def test_the_end_of_the_local_aws_leaves_no_copy_and_no_new_fleet(own_aws: Any) -> None:
    components = Components(own_aws.deployer)
    endpoint = components.endpoint()
    components.create(endpoint, endpoint, copies=2)
    limits = {"MemorySizeInMB": 1024, "MaxConcurrency": 2, "ProvisionedConcurrency": 1}
    warm = {"VariantName": "AllTraffic", "ModelName": own_aws.deployer.model(), "ServerlessConfig": limits}
    own_aws.deployer.endpoint_of("warm", [warm])
    own_aws.deployer.endpoint("blue", count=2)
    routing = {
        "Type": "CANARY",
        "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
        "WaitIntervalInSeconds": 3600,
    }
    components.api.update_endpoint(
        EndpointName="blue",
        EndpointConfigName=own_aws.deployer.config(count=2),
        DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}},
    )
    own_aws.wait_for_servers(2 + 1 + 2 + 2)
    assert own_aws.stop() == 0
    assert own_aws.server_pids() == set()


def test_a_component_that_cannot_serve_says_why(components: Any) -> None:
    endpoint = components.endpoint()
    found = components.create(endpoint, endpoint, environment={"STAND_IN_FAULT": "exit"})
    assert found["InferenceComponentStatus"] == "Failed"
    assert f"container for inference component {endpoint} did not pass" in found["FailureReason"]


def test_a_component_has_tags(components: Any) -> None:
    endpoint = components.endpoint()
    arn = components.create(endpoint, endpoint)["InferenceComponentArn"]
    assert components.api.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "chem"}]
    components.api.add_tags(ResourceArn=arn, Tags=[{"Key": "step", "Value": "2"}])
    components.api.delete_tags(ResourceArn=arn, TagKeys=["team"])
    assert components.api.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "step", "Value": "2"}]


def test_an_endpoint_goes_after_its_components(components: Any, deployer: Any) -> None:
    endpoint = components.endpoint()
    components.create(endpoint, endpoint)
    with pytest.raises(ClientError, match="has inference components: delete"):
        components.api.delete_endpoint(EndpointName=endpoint)
    components.names.remove(endpoint)
    components.api.delete_inference_component(InferenceComponentName=endpoint)
    with pytest.raises(ClientError, match="Could not find inference component"):
        components.api.describe_inference_component(InferenceComponentName=endpoint)
    deployer.endpoints.remove(endpoint)
    components.api.delete_endpoint(EndpointName=endpoint)


def test_what_sagemaker_refuses(components: Any, deployer: Any) -> None:
    with pytest.raises(ClientError, match="ExecutionRoleArn is required"):
        deployer.config_of([place()])
    with pytest.raises(ClientError, match="Min instance count needs to be greater than 0"):
        deployer.config_of([place(ManagedInstanceScaling={**MANAGED, "Status": "DISABLED"})], ExecutionRoleArn=ROLE)
    endpoint = components.endpoint()
    with pytest.raises(ClientError, match="copy count an integer larger than 0"):
        components.create(endpoint, "none", copies=0)
    with pytest.raises(ClientError, match="has no variant other"):
        components.api.create_inference_component(
            InferenceComponentName="n",
            EndpointName=endpoint,
            VariantName="other",
            Specification=components.specification(),
            RuntimeConfig={"CopyCount": 1},
        )
    deployer.endpoint("has-a-model")
    with pytest.raises(ClientError, match="serves models, not inference components"):
        components.create("has-a-model", "none")
    components.create(endpoint, endpoint)
    with pytest.raises(ClientError, match="already existing inference component"):
        components.create(endpoint, endpoint)
    with pytest.raises(ClientError, match="between models and inference components"):
        deployer.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=deployer.config())


def stack(name: str, model: str, *, copies: int = 1, **component: Any) -> dict[str, Any]:
    needs = {"MinMemoryRequiredInMb": "1024"}
    properties = {
        "InferenceComponentName": name,
        "EndpointName": {"Fn::GetAtt": ["Endpoint", "EndpointName"]},
        "VariantName": "AllTraffic",
        "Specification": {"ModelName": model, "ComputeResourceRequirements": needs},
        "RuntimeConfig": {"CopyCount": str(copies)},
        **component,
    }
    config = {"ProductionVariants": [place()], "ExecutionRoleArn": ROLE, "EnableNetworkIsolation": True}
    endpoint = {"EndpointName": name, "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}}
    return {
        "Config": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": config},
        "Endpoint": {"Type": "AWS::SageMaker::Endpoint", "Properties": endpoint},
        "Component": {"Type": "AWS::SageMaker::InferenceComponent", "Properties": properties},
    }


def test_cloudformation_makes_changes_and_deletes_a_component(cloud: Any, deployer: Any, client: Clients) -> None:
    name, sagemaker = cloud.name, client("sagemaker")
    old, new, broken = (deployer.model(label=label) for label in ("old", "new", "broken"))
    assert cloud.create(stack(name, old)) == "CREATE_COMPLETE", cloud.reasons()
    assert ask(client, name, name)["label"] == "old"
    sagemaker.update_inference_component_runtime_config(
        InferenceComponentName=name, DesiredRuntimeConfig={"CopyCount": 2}
    )
    Components(deployer).settled(name)
    tags = [{"Key": "a", "Value": "b"}]
    assert cloud.update(stack(name, new, Tags=tags)) == "UPDATE_COMPLETE", cloud.reasons()
    assert ask(client, name, name)["label"] == "new"
    found = sagemaker.describe_inference_component(InferenceComponentName=name)
    assert found["RuntimeConfig"]["CurrentCopyCount"] == 1  # The template's count takes back what scaling has made.
    assert sagemaker.list_tags(ResourceArn=found["InferenceComponentArn"])["Tags"] == tags
    assert cloud.update(stack(name, broken, Colour="red")) == "UPDATE_ROLLBACK_COMPLETE"
    assert "extraneous key [Colour]" in cloud.reasons()
    assert cloud.update(stack(name, new, VariantName="other")) == "UPDATE_ROLLBACK_COMPLETE"
    assert cloud.delete() == "DELETE_COMPLETE", cloud.reasons()
    assert sagemaker.list_inference_components(NameContains=name)["InferenceComponents"] == []


def test_cloudformation_undoes_a_component_that_fails(cloud: Any, deployer: Any, client: Clients) -> None:
    model = deployer.model(environment={"STAND_IN_FAULT": "exit"})
    assert cloud.create(stack(cloud.name, model)) == "ROLLBACK_COMPLETE"
    assert "did not pass the ping health check" in cloud.reasons()
    assert client("sagemaker").list_inference_components(NameContains=cloud.name)["InferenceComponents"] == []
