"""Promise: the client asks serverless endpoints and inference components without being told which they are."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from chem_endpoints.client import capacity
from chem_endpoints.client.aws import AwsClients
from chem_endpoints.client.description import ClientSettings, EndpointDescription, kind_of
from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.client.transport import Invocation
from tests.local.conftest import ROLE

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]
ECHO = Invocation(body=b'{"do": "echo"}', content_type="application/json", attributes="return=added")


def transport_of(name: str, client: Clients) -> Any:
    """The client's transport for an endpoint, whose model here is a stand-in without manifest."""
    end = Endpoint(name, session=boto3.Session(region_name="us-east-1"), wake_seconds=30)
    end._clients = AwsClients(sagemaker=client("sagemaker"), runtime=client("sagemaker-runtime"), s3=client("s3"))
    found = client("sagemaker").describe_endpoint(EndpointName=name)
    config = client("sagemaker").describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
    described = {"manifest": None, "digest": "", "settings": ClientSettings(), "captured": False, "input_uri": None}
    end.__dict__["description"] = EndpointDescription(name=name, kind=kind_of(config), **described)  # type: ignore[arg-type]
    return end._transport


def test_a_serverless_endpoint_is_asked_with_bodies_that_it_takes(deployer: Any, client: Clients) -> None:
    limits = {"MemorySizeInMB": 1024, "MaxConcurrency": 2}
    variant = {"VariantName": "AllTraffic", "ModelName": deployer.model(label="x"), "ServerlessConfig": limits}
    deployer.endpoint_of("client-serverless", [variant])
    transport = transport_of("client-serverless", client)
    assert transport.body_limit <= 4 * 1024**2
    assert json.loads(transport.invoke(ECHO, threading.Event()).body)["label"] == "x"


def test_a_sleeping_component_is_woken_and_waited_for(
    deployer: Any, client: Clients, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(capacity, "FIRST_PAUSE_SECONDS", 0.1)
    api, name = client("sagemaker"), "client-component"
    variant = {
        "VariantName": "AllTraffic",
        "InstanceType": "ml.c7i.large",
        "InitialInstanceCount": 1,
        "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 1},
    }
    deployer.endpoint_of(name, [variant], ExecutionRoleArn=ROLE)
    needs = {"MinMemoryRequiredInMb": 512}
    api.create_inference_component(
        InferenceComponentName=name,
        EndpointName=name,
        VariantName="AllTraffic",
        Specification={"ModelName": deployer.model(label="x"), "ComputeResourceRequirements": needs},
        RuntimeConfig={"CopyCount": 1},
    )
    settled(api, name)
    transport = transport_of(name, client)
    assert transport.invoke(ECHO, threading.Event()).retries == 0
    copies(api, name, 0)
    settled(api, name)
    waker = threading.Timer(1.0, copies, (api, name, 1))
    waker.start()
    reply = transport.invoke(ECHO, threading.Event())
    waker.join()
    assert reply.retries > 0
    assert json.loads(reply.body)["label"] == "x"
    assert f"{name} sleeps: waiting for auto scaling to start a copy" in capsys.readouterr().err
    settled(api, name)
    api.delete_inference_component(InferenceComponentName=name)


def copies(api: Any, name: str, count: int) -> None:
    api.update_inference_component_runtime_config(
        InferenceComponentName=name, DesiredRuntimeConfig={"CopyCount": count}
    )


def settled(api: Any, name: str) -> None:
    while api.describe_inference_component(InferenceComponentName=name)["InferenceComponentStatus"] != "InService":
        time.sleep(0.05)
