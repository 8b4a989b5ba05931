"""Promise: an inference component whose first copy still starts says so; one without copies says that."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import ROLE

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]


def settle(deployer: Any, name: str, but: str = "InService") -> None:
    """Waits until the component is in service (or gone, which raises)."""
    describe = deployer.sagemaker.describe_inference_component
    while describe(InferenceComponentName=name)["InferenceComponentStatus"] != but:
        time.sleep(0.05)


def ask_for_ever(ask: Callable[[], None]) -> None:
    while True:
        ask()


def test_a_component_that_is_being_created_is_not_ready_yet(deployer: Any, client: Clients) -> None:
    place, name = f"place-{uuid.uuid4().hex[:6]}", f"part-{uuid.uuid4().hex[:6]}"
    variant = {
        "VariantName": "AllTraffic",
        "InstanceType": "ml.c7i.large",
        "InitialInstanceCount": 1,
        "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 2},
        "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
    }
    deployer.endpoint_of(place, [variant], ExecutionRoleArn=ROLE)
    deployer.sagemaker.create_inference_component(
        InferenceComponentName=name,
        EndpointName=place,
        VariantName="AllTraffic",
        Specification={
            "ModelName": deployer.model(environment={"STAND_IN_FAULT": "slow-start"}),
            "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024, "NumberOfCpuCoresRequired": 1},
        },
        RuntimeConfig={"CopyCount": 1},
    )
    runtime = client("sagemaker-runtime")

    def ask() -> None:
        runtime.invoke_endpoint(EndpointName=place, InferenceComponentName=name, Body=b"x")["Body"].read()

    with pytest.raises(runtime.exceptions.ModelNotReadyException) as caught:
        ask()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    settle(deployer, name)
    ask()
    deployer.sagemaker.update_inference_component_runtime_config(
        InferenceComponentName=name, DesiredRuntimeConfig={"CopyCount": 0}
    )
    with pytest.raises(ClientError, match="no capacity"):
        ask_for_ever(ask)
    settle(deployer, name)
    deployer.sagemaker.delete_inference_component(InferenceComponentName=name)
    with pytest.raises(ClientError, match="Could not find"):
        settle(deployer, name, but="Nothing")
