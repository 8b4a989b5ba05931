"""Promise: one target's trouble is told, and stays its own."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.scaling.activities import Activities
from chem_endpoints.local.scaling.autoscaler import Autoscaler
from chem_endpoints.local.scaling.datapoints import Datapoints
from chem_endpoints.local.scaling.scalable_resource import INSTANCES, ResourceKey, read_capacity

KEY = ResourceKey("us-east-1", "endpoint/logs/variant/AllTraffic", INSTANCES)
MINUTE = datetime(2026, 1, 5, 8, tzinfo=UTC)


@pytest.fixture
def sagemaker() -> Any:
    """A client whose answers the test chooses: the local AWS itself gives no reason to refuse but one."""
    return boto3.client("sagemaker", "us-east-1", aws_access_key_id="local", aws_secret_access_key="local")


def clients(sagemaker: Any) -> OwnClients:
    return cast("OwnClients", lambda _service, _region: sagemaker)


def test_only_a_missing_resource_is_missing(sagemaker: Any) -> None:
    with Stubber(sagemaker) as answers:
        answers.add_client_error("describe_endpoint", "ValidationException", 'Could not find endpoint "arn:…/logs".')
        assert read_capacity(KEY, clients(sagemaker)) is None
        answers.add_client_error("describe_endpoint", "ThrottlingException", "Rate exceeded")
        with pytest.raises(ClientError, match="Rate exceeded"):
            read_capacity(KEY, clients(sagemaker))


def target(name: str, least: int) -> Any:
    return SimpleNamespace(
        service_namespace="sagemaker",
        resource_id=f"endpoint/{name}/variant/AllTraffic",
        scalable_dimension=INSTANCES,
        suspended_state=None,
        min_capacity=least,
        max_capacity=4,
    )


def described(name: str) -> dict[str, Any]:
    return {
        "EndpointName": name,
        "EndpointArn": f"arn:aws:sagemaker:us-east-1:123456789012:endpoint/{name}",
        "EndpointConfigName": name,
        "EndpointStatus": "InService",
        "CreationTime": MINUTE,
        "LastModifiedTime": MINUTE,
        "ProductionVariants": [{"VariantName": "AllTraffic", "DesiredInstanceCount": 1}],
    }


def test_a_policy_that_makes_no_sense_stops_no_other_target(sagemaker: Any, caplog: pytest.LogCaptureFixture) -> None:
    senseless = SimpleNamespace(
        service_namespace="sagemaker",
        resource_id="endpoint/first/variant/AllTraffic",
        scalable_dimension=INSTANCES,
        policy_arn="arn",
        policy_name="senseless",
        step_scaling_policy_configuration=None,
        target_tracking_scaling_policy_configuration={"CustomizedMetricSpecification": {"MetricName": "m"}},
    )
    targets = {each.resource_id: each for each in (target("first", 1), target("second", 2))}
    backend = SimpleNamespace(
        region_name="us-east-1", targets={INSTANCES: targets}, policies={"arn": senseless}, scheduled_actions=[]
    )
    with Stubber(sagemaker) as answers:
        answers.add_response("describe_endpoint", described("first"))
        answers.add_response("describe_endpoint", described("second"))
        answers.add_response(
            "update_endpoint_weights_and_capacities",
            {"EndpointArn": described("second")["EndpointArn"]},
            {
                "EndpointName": "second",
                "DesiredWeightsAndCapacities": [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}],
            },
        )
        scaler = Autoscaler(clients(sagemaker), Activities())
        scaler.act(backend, [], cast("Datapoints", None), MINUTE)
        answers.assert_no_pending_responses()
        assert "endpoint/first/variant/AllTraffic is not scaled" in caplog.text
        answers.add_client_error("describe_endpoint", "ThrottlingException", "Rate exceeded")
        assert scaler.finish(MINUTE)  # Nobody knows yet: it is looked at again in the next minute.
    assert "Rate exceeded" in caplog.text
