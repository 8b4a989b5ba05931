"""Promise: an update moves traffic as its DeploymentConfig says, and an alarm takes it back, silently as on AWS."""

import json
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.address import Address
from chem_endpoints.local.deployment_plan import PlanError, read_plan

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]
WAIT = 600


def blue_green(kind: str, alarms: tuple[str, ...] = (), **routing: Any) -> dict[str, Any]:
    policy = {
        "TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": WAIT, **routing},
        "TerminationWaitInSeconds": WAIT,
    }
    rollback = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]}} if alarms else {}
    return {"BlueGreenUpdatePolicy": policy, **rollback}


def half(name: str) -> dict[str, Any]:
    return {name: {"Type": "CAPACITY_PERCENT", "Value": 50}}


CANARY = half("CanarySize")


@pytest.mark.parametrize(
    ("config", "instances", "shares"),
    [
        (None, 1, (1.0,)),
        (blue_green("ALL_AT_ONCE"), 1, (1.0,)),
        (blue_green("CANARY", **CANARY), 2, (0.5, 1.0)),
        (blue_green("CANARY", CanarySize={"Type": "INSTANCE_COUNT", "Value": 1}), 4, (0.25, 1.0)),
        (blue_green("CANARY", **CANARY), 0, (1.0,)),
        (blue_green("LINEAR", LinearStepSize={"Type": "CAPACITY_PERCENT", "Value": 25}), 4, (0.25, 0.5, 0.75, 1.0)),
        (blue_green("LINEAR", LinearStepSize={"Type": "CAPACITY_PERCENT", "Value": 40}), 5, (0.4, 0.8, 1.0)),
        ({"RollingUpdatePolicy": {"MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 2}}}, 5, (0.4, 0.8, 1.0)),
    ],
)
def test_a_deployment_config_is_a_plan(config: Any, instances: int, shares: Any) -> None:
    assert read_plan(config, instances).shares == pytest.approx(shares)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (blue_green("CANARY", **CANARY), "with one instance cannot be updated in parts"),
        (blue_green("CANARY"), "CanarySize is required"),
        (blue_green("SOMEHOW"), "not ALL_AT_ONCE, CANARY or LINEAR"),
        ({**blue_green("ALL_AT_ONCE"), "RollingUpdatePolicy": {"MaximumBatchSize": {}}}, "cannot both be given"),
    ],
)
def test_impossible_deployment_configs_are_refused(config: Any, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        read_plan(config, 1)


class Guarded:
    """An endpoint with two instances, an alarm, and updates of it."""

    def __init__(self, deployer: Any, client: Clients, url: str) -> None:
        self.deployer, self.api, self._client, self._url = deployer, deployer.sagemaker, client, url
        self.name, self.alarm = (f"g-{uuid.uuid4().hex[:6]}" for _ in range(2))
        self.old = deployer.endpoint(self.name, count=2, environment={"STAND_IN_LABEL": "old"})
        self._cloudwatch = client("cloudwatch")
        self._cloudwatch.put_metric_alarm(
            AlarmName=self.alarm,
            MetricName="Invocation5XXErrors",
            Namespace="AWS/SageMaker",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )

    def update(self, deployment: dict[str, Any] | None, **more: Any) -> str:
        config = more.pop("config", None) or self.deployer.config(count=2, environment={"STAND_IN_LABEL": "new"})
        given = {"DeploymentConfig": deployment} if deployment else {}
        self.api.update_endpoint(EndpointName=self.name, EndpointConfigName=config, **given, **more)
        return str(config)

    def raise_alarm(self) -> None:
        self._cloudwatch.set_alarm_state(AlarmName=self.alarm, StateValue="ALARM", StateReason="by the test")

    def labels(self, count: int = 8) -> Counter[str]:
        return Counter(self._label() for _ in range(count))

    def _label(self) -> str:
        answer = self._client("sagemaker-runtime").invoke_endpoint(EndpointName=self.name, Body=b'{"do": "echo"}')
        return str(json.loads(answer["Body"].read())["label"])

    def wait_until(self, labels: dict[str, int]) -> None:
        """Waits until the requests are shared out like that."""
        deadline = time.monotonic() + 15
        while (seen := self.labels(sum(labels.values()))) != labels:
            assert time.monotonic() < deadline, seen

    def advance(self) -> None:
        """Moves the clock over one wait."""
        body = json.dumps({"advance_seconds": WAIT + 1}).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self._url}/_local/clock", data=body)) as answer:
            assert answer.status == 200

    def settled(self) -> dict[str, Any]:
        return dict(self.deployer.settled(self.name))

    def status(self) -> str:
        return str(self.api.describe_endpoint(EndpointName=self.name)["EndpointStatus"])


@pytest.fixture
def guarded(deployer: Any, client: Clients, local_aws: Address) -> Iterator[Guarded]:
    made = Guarded(deployer, client, local_aws.url)
    yield made
    deployer.endpoints.remove(made.name)
    made.api.delete_endpoint(EndpointName=made.name)


def test_a_canary_gets_its_share_then_everything(guarded: Guarded) -> None:
    config = guarded.update(blue_green("CANARY", (guarded.alarm,), **CANARY))
    guarded.wait_until({"old": 4, "new": 4})
    assert guarded.status() == "Updating"
    guarded.advance()
    guarded.wait_until({"new": 8})
    assert guarded.status() == "Updating"  # It bakes: the old fleet still runs.
    guarded.advance()
    found = guarded.settled()
    assert found["EndpointStatus"] == "InService"
    assert found["EndpointConfigName"] == config
    assert found["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"] == "CANARY"


def test_an_alarm_takes_the_update_back_and_says_nothing(guarded: Guarded) -> None:
    guarded.update(blue_green("CANARY", (guarded.alarm,), **CANARY))
    guarded.wait_until({"old": 4, "new": 4})
    guarded.raise_alarm()
    found = guarded.settled()
    assert found["EndpointStatus"] == "InService"
    assert found["EndpointConfigName"] == guarded.old["EndpointConfigName"]
    assert "FailureReason" not in found
    assert guarded.labels() == {"old": 8}


def test_an_alarm_while_baking_takes_the_update_back(guarded: Guarded) -> None:
    guarded.update(blue_green("ALL_AT_ONCE", (guarded.alarm,)))
    guarded.wait_until({"new": 8})
    guarded.raise_alarm()
    assert guarded.settled()["EndpointConfigName"] == guarded.old["EndpointConfigName"]
    assert guarded.labels() == {"old": 8}


def test_a_new_fleet_that_breaks_while_it_bakes_gives_errors_of_sagemaker(guarded: Guarded) -> None:
    broken = guarded.deployer.config(count=2, environment={"STAND_IN_FAULT": "dies-on-request"})
    guarded.update(blue_green("ALL_AT_ONCE", (guarded.alarm,)), config=broken)
    codes: set[str] = set()
    deadline = time.monotonic() + 20
    while codes != {"ModelError", "ServiceUnavailable"}:
        assert time.monotonic() < deadline, codes
        try:
            guarded.labels(1)
        except ClientError as error:
            codes.add(error.response["Error"]["Code"])
    guarded.raise_alarm()
    guarded.settled()
    assert guarded.labels() == {"old": 8}


def test_linear_steps(guarded: Guarded) -> None:
    guarded.update(blue_green("LINEAR", **half("LinearStepSize")))
    guarded.wait_until({"old": 4, "new": 4})
    guarded.advance()
    guarded.wait_until({"new": 8})
    guarded.advance()
    assert guarded.settled()["EndpointStatus"] == "InService"


def rolling(alarm: str) -> dict[str, Any]:
    batch = {"Type": "INSTANCE_COUNT", "Value": 1}
    return {
        "RollingUpdatePolicy": {"MaximumBatchSize": batch, "WaitIntervalInSeconds": WAIT},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
    }


def test_a_rolling_update_goes_batch_by_batch(guarded: Guarded) -> None:
    config = guarded.update(rolling(guarded.alarm))
    guarded.wait_until({"old": 4, "new": 4})
    guarded.advance()
    guarded.wait_until({"new": 8})
    guarded.advance()
    found = guarded.settled()
    assert found["EndpointConfigName"] == config
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_a_rolling_update_is_rolled_back_to_full_strength(guarded: Guarded) -> None:
    guarded.update(rolling(guarded.alarm))
    guarded.wait_until({"old": 4, "new": 4})
    guarded.raise_alarm()
    found = guarded.settled()
    assert found["EndpointConfigName"] == guarded.old["EndpointConfigName"]
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert guarded.labels() == {"old": 8}


def test_an_endpoint_can_be_deleted_in_the_middle(guarded: Guarded, deployer: Any) -> None:
    guarded.update(blue_green("CANARY", **CANARY))
    guarded.wait_until({"old": 4, "new": 4})
    guarded.api.delete_endpoint(EndpointName=guarded.name)
    deployer.sagemaker.create_endpoint(EndpointName=guarded.name, EndpointConfigName=deployer.config())
    assert guarded.settled()["EndpointStatus"] == "InService"


def test_the_variants_keep_their_names_under_guard(guarded: Guarded, deployer: Any) -> None:
    config = deployer.config_of([deployer.variant("Renamed", count=2)])
    with pytest.raises(ClientError, match="must keep their names: AllTraffic would become Renamed"):
        guarded.update(blue_green("ALL_AT_ONCE"), config=config)
    guarded.update(None, config=config)
    assert guarded.settled()["ProductionVariants"][0]["VariantName"] == "Renamed"


def test_one_instance_has_no_canary(guarded: Guarded, deployer: Any) -> None:
    with pytest.raises(ClientError, match="CanarySize must be at most 50%"):
        guarded.update(blue_green("CANARY", **CANARY), config=deployer.config(count=1))


CAPTURE = {"DestinationS3Uri": "s3://models/c", "CaptureOptions": [{"CaptureMode": "Input"}]}


def capture(percent: int) -> dict[str, Any]:
    return {"DataCaptureConfig": {**CAPTURE, "EnableCapture": True, "InitialSamplingPercentage": percent}}


def test_retained_properties_survive_an_update(deployer: Any) -> None:
    api = deployer.sagemaker
    deployer.endpoint_of("retaining", [deployer.variant("AllTraffic")], **capture(10))
    change = {"VariantName": "AllTraffic", "DesiredInstanceCount": 3, "DesiredWeight": 0.5}
    api.update_endpoint_weights_and_capacities(EndpointName="retaining", DesiredWeightsAndCapacities=[change])
    deployer.settled("retaining")

    def update(*excluded: str, retain: bool = True) -> tuple[int, float, int]:
        config = deployer.config_of([deployer.variant("AllTraffic")], **capture(20))
        listed = {"ExcludeRetainedVariantProperties": [{"VariantPropertyType": name} for name in excluded]}
        api.update_endpoint(
            EndpointName="retaining",
            EndpointConfigName=config,
            RetainAllVariantProperties=retain,
            **(listed if excluded else {}),
        )
        found = deployer.settled("retaining")
        variant = found["ProductionVariants"][0]
        sampling = found["DataCaptureConfig"]["CurrentSamplingPercentage"]
        return variant["CurrentInstanceCount"], variant["CurrentWeight"], sampling

    assert update() == (3, 0.5, 10)
    assert update("DataCaptureConfig", "DesiredWeight") == (3, 1.0, 20)
    assert update(retain=False) == (1, 1.0, 20)


def test_an_update_of_a_sleeping_endpoint(deployer: Any) -> None:
    paths = {"OutputConfig": {"S3OutputPath": "s3://models/out", "S3FailurePath": "s3://models/failed"}}
    deployer.endpoint("sleeping", count=2, asynchronous=paths)
    api = deployer.sagemaker
    change = {"VariantName": "AllTraffic", "DesiredInstanceCount": 0}
    api.update_endpoint_weights_and_capacities(EndpointName="sleeping", DesiredWeightsAndCapacities=[change])
    deployer.settled("sleeping")
    config = deployer.config(count=2, asynchronous=paths)
    api.update_endpoint(EndpointName="sleeping", EndpointConfigName=config, RetainAllVariantProperties=True)
    found = deployer.settled("sleeping")
    assert (found["EndpointConfigName"], found["ProductionVariants"][0]["CurrentInstanceCount"]) == (config, 0)
    api.update_endpoint(EndpointName="sleeping", EndpointConfigName=deployer.config(count=2, asynchronous=paths))
    assert deployer.settled("sleeping")["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_an_autoscaled_variant_keeps_its_instance_type(deployer: Any, client: Clients) -> None:
    deployer.endpoint("scaling")
    scaling = client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/scaling/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    update = deployer.sagemaker.update_endpoint
    other_type = deployer.config_of([deployer.variant("AllTraffic", instance_type="ml.c7i.large")])
    with pytest.raises(ClientError, match="before you change its instance type"):
        update(EndpointName="scaling", EndpointConfigName=other_type)
    with pytest.raises(ClientError, match="before you remove the variant"):
        update(EndpointName="scaling", EndpointConfigName=deployer.config_of([deployer.variant("Other")]))
    update(EndpointName="scaling", EndpointConfigName=deployer.config())
    deployer.settled("scaling")
    scaling.deregister_scalable_target(**target)
    update(EndpointName="scaling", EndpointConfigName=other_type)
    assert deployer.settled("scaling")["EndpointConfigName"] == other_type


def test_cloudformation_does_not_notice_a_silent_rollback(cloud: Any, deployer: Any, client: Clients) -> None:
    alarm = f"a-{cloud.name}"
    alarms = {
        "MetricName": "m",
        "Namespace": "n",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    client("cloudwatch").put_metric_alarm(AlarmName=alarm, **alarms)

    def resources(config: str) -> dict[str, Any]:
        properties = {
            "EndpointName": cloud.name,
            "EndpointConfigName": config,
            "DeploymentConfig": blue_green("ALL_AT_ONCE", (alarm,)),
        }
        return {"Endpoint": {"Type": "AWS::SageMaker::Endpoint", "Properties": properties}}

    old, new, broken = (
        deployer.config(count=2),
        deployer.config(count=2),
        deployer.config(count=2, environment={"STAND_IN_FAULT": "exit"}),
    )
    assert cloud.create(resources(old)) == "CREATE_COMPLETE", cloud.reasons()
    assert cloud.update(resources(broken)) == "UPDATE_ROLLBACK_COMPLETE"
    client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="by the test")
    assert cloud.update(resources(new)) == "UPDATE_COMPLETE", cloud.reasons()
    found = client("sagemaker").describe_endpoint(EndpointName=cloud.name)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", old)
    assert cloud.delete() == "DELETE_COMPLETE", cloud.reasons()
