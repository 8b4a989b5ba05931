"""Promise: whatever ends an update, its requests do not go to servers that are gone, and nothing bakes unwatched."""

import json
import time
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.deployment_plan import Plan
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.roll_out import RolledBackError, Watch, shift
from chem_endpoints.local.scaling.clock import Clock
from chem_endpoints.local.server_process import free_port

WAIT = 600
ALARM = {
    "MetricName": "m",
    "Namespace": "n",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}


@pytest.mark.parametrize("seconds", [0, WAIT])
def test_alarms_that_cannot_be_read_roll_back(seconds: int) -> None:
    clock = Clock()
    watch = Watch(
        plan=Plan(alarms=("errors",)),
        region="us-east-1",
        clients=OwnClients(f"http://localhost:{free_port()}"),
        clock=clock,
        cancelled=lambda: False,
        started=clock.seconds(),
    )
    with pytest.raises(RolledBackError, match="could not be read"):
        watch.wait(seconds)


def test_the_wait_of_a_step_counts_from_the_shift_of_its_requests() -> None:
    clock = Clock(speed=0)

    class OldVariant:
        desired = 2

        def resize(self, count: int, cancelled: Any) -> None:
            clock.advance(WAIT)  # Whoever sees the new share may move the clock while old instances still end.

    class NewVariant:
        def resize(self, count: int, cancelled: Any) -> None:
            pass

    def fleet(variant: Any) -> Any:
        return SimpleNamespace(variants=[variant])

    plan = Plan(shares=(0.5, 1.0), batches=(1, 2), wait_seconds=WAIT)
    endpoint = HostedEndpoint(name="e", region="us-east-1", config_name="c", fleet=fleet(OldVariant()))
    watch = Watch(
        plan=plan,
        region="us-east-1",
        clients=OwnClients(f"http://localhost:{free_port()}"),
        clock=clock,
        cancelled=lambda: clock.seconds() > clock_at_start + 2 * WAIT,
        started=clock.seconds(),
    )
    clock_at_start = clock.seconds()
    shift(endpoint, fleet(NewVariant()), watch)  # It would wait for ever if the wait began after the resize.
    assert clock.seconds() == clock_at_start + 2 * WAIT


def rolling(alarm: str) -> dict[str, Any]:
    batch = {"Type": "INSTANCE_COUNT", "Value": 1}
    return {
        "RollingUpdatePolicy": {"MaximumBatchSize": batch, "WaitIntervalInSeconds": WAIT},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
    }


@pytest.mark.end_to_end
def test_a_rollback_that_cannot_restore_the_old_size_still_returns_the_traffic(own_aws: Any) -> None:
    def labels() -> Counter[str]:
        runtime = own_aws.client("sagemaker-runtime")
        answers = [runtime.invoke_endpoint(EndpointName="r", Body=b'{"do": "echo"}')["Body"] for _ in range(4)]
        return Counter(json.loads(answer.read())["label"] for answer in answers)

    deployer, cloudwatch = own_aws.deployer, own_aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName="errors", **ALARM)
    before = deployer.endpoint("r", count=2, environment={"STAND_IN_LABEL": "old"})
    config = deployer.config(count=2, environment={"STAND_IN_LABEL": "new"})
    deployer.sagemaker.update_endpoint(EndpointName="r", EndpointConfigName=config, DeploymentConfig=rolling("errors"))
    deadline = time.monotonic() + 15
    while labels() != {"old": 2, "new": 2}:
        assert time.monotonic() < deadline, own_aws.log()
    own_aws.wait_for_servers(2)
    (own_aws.folder / "container" / "server.py").write_text("# edited since the deployment\n")
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="by the test")
    after = deployer.settled("r")
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", before["EndpointConfigName"])
    assert labels() == {"old": 4}
    assert "fewer instances than before" in own_aws.log()


@pytest.mark.end_to_end
def test_alarms_that_do_not_exist_are_refused(deployer: Any) -> None:
    before = deployer.endpoint("unwatched", count=2)["EndpointConfigName"]
    api, config = deployer.sagemaker, deployer.config(count=2)
    for call, name in ((api.create_endpoint, "unwatched-2"), (api.update_endpoint, "unwatched")):
        with pytest.raises(ClientError, match="do not exist: no-such-alarm") as caught:
            call(EndpointName=name, EndpointConfigName=config, DeploymentConfig=rolling("no-such-alarm"))
        assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert deployer.settled("unwatched")["EndpointConfigName"] == before


@pytest.mark.end_to_end
def test_processes_that_were_begun_in_vain_are_ended(own_aws: Any) -> None:
    own_aws.deployer.endpoint("half")
    in_the_way = own_aws.folder / ".local-aws/logs/half/AllTraffic-3.starting.log"
    in_the_way.mkdir()

    def to(count: int) -> dict[str, Any]:
        change = {"VariantName": "AllTraffic", "DesiredInstanceCount": count}
        own_aws.deployer.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="half", DesiredWeightsAndCapacities=[change]
        )
        return dict(own_aws.deployer.settled("half"))

    assert in_the_way.name in to(3)["FailureReason"]
    own_aws.wait_for_servers(1)
    assert to(2)["ProductionVariants"][0]["CurrentInstanceCount"] == 2
