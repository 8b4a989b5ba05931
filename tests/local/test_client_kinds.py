"""Promise: the client asks serverless endpoints and inference components without being told which they are."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest

from chem_endpoints.client import capacity
from chem_endpoints.client.aws import AwsClients
from chem_endpoints.client.budget import RetryBudget
from chem_endpoints.client.congestion import Congestion
from chem_endpoints.client.description import ClientSettings, EndpointDescription, kind_of
from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.client.engine import Engine
from chem_endpoints.client.pace import Pace
from chem_endpoints.client.plan import Answer, Plan, Positions
from chem_endpoints.client.steps import Steps, finish
from chem_endpoints.client.transport import Invocation
from chem_endpoints.client.user_folders import STATE_VARIABLE
from chem_endpoints.client.workers import ThreadWorkers
from chem_endpoints.wire.columns import PREDICTION_ERROR
from tests.local.conftest import ROLE

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]
ECHO = Invocation(
    body=b'{"do": "echo"}', content_type="application/json", accept="application/json", attributes="return=added"
)


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
    assert json.loads(finish(transport.invoke(ECHO)).body)["label"] == "x"


def test_a_sleeping_component_is_woken_and_waited_for(
    deployer: Any, client: Clients, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(capacity, "PROBE_SECONDS", 0.1)
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
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
    assert json.loads(finish(transport.invoke(ECHO)).body)["label"] == "x"
    copies(api, name, 0)
    settled(api, name)
    waker = threading.Timer(1.0, copies, (api, name, 1))
    waker.start()
    lines: list[str] = []
    labels: list[str] = []

    def ask(rows: Positions) -> Steps[Answer]:
        reply = yield from transport.invoke(ECHO)
        labels.append(json.loads(reply.body)["label"])
        return Answer(frame=pd.DataFrame({PREDICTION_ERROR: pd.Series([""], dtype="str")}), digest="", bytes_sent=0)

    plan = Plan(total=1, pace=Pace(), places=1)
    waiting = capacity.CapacityWait(name=name, seconds=30, tell=lines.append)
    Engine(
        plan=plan,
        ask=ask,
        workers=ThreadWorkers(1),
        congestion=Congestion(most=1, budget=RetryBudget(), capacity=waiting),
    ).run()
    waker.join()
    assert plan.retries > 0
    assert labels == ["x"]
    assert lines[0].startswith(f"{name} sleeps: waiting for auto scaling to start a copy")
    assert waiting.history.typical(name) is not None
    settled(api, name)
    api.delete_inference_component(InferenceComponentName=name)


def copies(api: Any, name: str, count: int) -> None:
    api.update_inference_component_runtime_config(
        InferenceComponentName=name, DesiredRuntimeConfig={"CopyCount": count}
    )


def settled(api: Any, name: str) -> None:
    while api.describe_inference_component(InferenceComponentName=name)["InferenceComponentStatus"] != "InService":
        time.sleep(0.05)
