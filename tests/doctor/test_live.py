"""Promise: an endpoint that does not run what its stack deployed is found, however that came about."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from chem_endpoints.doctor import CannotLookError, examine, reports
from chem_endpoints.doctor.checks.live import runs_what_was_deployed
from chem_endpoints.doctor.look import Look
from chem_endpoints.doctor.stack import read_stack
from chem_endpoints.doctor.subject import read_subject
from chem_endpoints.local.address import ACCOUNT, REGION
from chem_endpoints.plan.deployed import deployed_stacks

pytestmark = pytest.mark.end_to_end


def rollback_by(alarm: str) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
            "TerminationWaitInSeconds": 60,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
    }


def test_cloudformation_calls_a_silent_rollback_a_success(patient: Any, client: Any) -> None:
    alarm = patient.alarm_name("server-errors")
    guarded = {"endpoint": {"DeploymentConfig": rollback_by(alarm)}}
    patient.deploy(patient.resources(**guarded))
    before = patient.settled()["EndpointConfigName"]
    client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="the new model fails")
    patient.deploy(patient.resources(Model=patient.model("second"), **guarded), "UPDATE_COMPLETE")
    client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="the old model serves")
    found = patient.only("live")
    assert found.severity == "error"
    assert found.happened.startswith(f"silent rollback: the endpoint runs config {before}, the stack deployed ")
    assert "the same template again changes nothing" in found.remedy


def test_somebody_updated_it_by_hand(patient: Any, client: Any) -> None:
    patient.deploy(patient.resources())
    config = client("sagemaker").describe_endpoint_config(EndpointConfigName=patient.settled()["EndpointConfigName"])
    client("sagemaker").create_endpoint_config(
        EndpointConfigName=f"{patient.name}-by-hand", ProductionVariants=config["ProductionVariants"]
    )
    client("sagemaker").update_endpoint(EndpointName=patient.name, EndpointConfigName=f"{patient.name}-by-hand")
    patient.settled()
    assert f"runs config {patient.name}-by-hand, the stack deployed " in patient.only("live").happened


def test_a_deployment_that_failed(patient: Any) -> None:
    patient.deploy(patient.resources())
    patient.deploy(patient.resources(Model=patient.model(fault="exit")), "UPDATE_ROLLBACK_COMPLETE")
    found = patient.only("live")
    assert found.severity == "error"
    assert f"the last deployment failed, {patient.stack} is UPDATE_ROLLBACK_COMPLETE" in found.happened


def test_a_first_deployment_that_failed(patient: Any) -> None:
    patient.deploy(patient.resources(Model=patient.model(fault="exit")), "ROLLBACK_COMPLETE")
    assert patient.only("live").happened.startswith("the last deployment failed")
    assert patient.stack not in deployed_stacks(account=ACCOUNT, region=REGION), "the plan shows a first deployment"


def test_an_endpoint_that_somebody_deleted(patient: Any, client: Any) -> None:
    patient.deploy(patient.resources())
    client("sagemaker").delete_endpoint(EndpointName=patient.name)
    found = patient.only("live")
    assert found.happened == "the endpoint does not exist, although its stack declares it"


def test_a_failed_endpoint_that_no_stack_owns(patient: Any, client: Any, session: Any) -> None:
    sagemaker, name = client("sagemaker"), patient.name
    sagemaker.create_model(ModelName=name, **patient.model(fault="exit")["Properties"])
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, "InstanceType": "ml.c7i.xlarge"}]
    )
    tag = {"Key": "chem-endpoints:endpoint", "Value": name}
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=[tag])
    assert patient.settled()["EndpointStatus"] == "Failed"
    (report,) = [each for each in reports(session=session) if each.endpoint == name]
    first, second, *_ = [each.happened for each in report.findings]
    assert first == "no stack owns the endpoint, although it carries our tag"
    assert second.startswith("the endpoint is Failed: ")
    assert report.is_sick


def test_a_component_that_runs_another_model_or_is_gone(patient: Any, client: Any) -> None:
    host = {
        "VariantName": "AllTraffic",
        "InstanceType": "ml.c7i.xlarge",
        "InitialInstanceCount": 1,
        "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 2},
    }
    needs = {"ComputeResourceRequirements": {"MinMemoryRequiredInMb": 512, "NumberOfCpuCoresRequired": 1}}
    component = {
        "InferenceComponentName": patient.name,
        "EndpointName": {"Fn::GetAtt": ["Endpoint", "EndpointName"]},
        "VariantName": "AllTraffic",
        "Specification": {"ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}, **needs},
        "RuntimeConfig": {"CopyCount": 1},
    }
    resources = patient.resources(
        config={"ProductionVariants": [host], "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r"}
    )
    for scaling in patient.scaling():
        del resources[scaling]
    resources["Component"] = {"Type": "AWS::SageMaker::InferenceComponent", "Properties": component}
    patient.deploy(resources)
    assert patient.examine() == ()

    sagemaker = client("sagemaker")
    sagemaker.create_model(ModelName=f"{patient.name}-other", **patient.model("other")["Properties"])
    sagemaker.update_inference_component(
        InferenceComponentName=patient.name, Specification={"ModelName": f"{patient.name}-other", **needs}
    )
    while _component(sagemaker, patient.name)["InferenceComponentStatus"] == "Updating":
        pass
    assert f"runs model {patient.name}-other, the stack deployed " in patient.only("live").happened
    sagemaker.delete_inference_component(InferenceComponentName=patient.name)
    found = patient.only("live")
    assert found.happened == f"the inference component {patient.name} does not exist, although the stack declares it"


def _component(sagemaker: Any, name: str) -> dict[str, Any]:
    return dict(sagemaker.describe_inference_component(InferenceComponentName=name))


@pytest.mark.parametrize("name", ["no-such", "foundation"])
def test_a_name_that_is_none(session: Any, name: str) -> None:
    with pytest.raises(CannotLookError, match=f"{name}: no such endpoint in us-east-1"):
        examine([name], session=session)


def test_every_endpoint_without_a_name(healthy: Any, session: Any) -> None:
    assert healthy.name in {report.endpoint for report in reports(session=session)}


@pytest.mark.parametrize(
    ("status", "severities"),
    [
        ("UPDATE_IN_PROGRESS", ["unseen"]),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", ["error"]),
        ("UPDATE_COMPLETE", ["error"]),
    ],
)
def test_a_deployment_under_way_is_no_silent_rollback(
    healthy: Any, session: Any, status: str, severities: list[str]
) -> None:
    """The moment in which CloudFormation has made the new configuration and has not called the endpoint yet."""
    look = Look(session=session, now=datetime.now(UTC), days=14, local=False)
    stack = read_stack(look.cloudformation, healthy.name)
    assert stack is not None
    ahead = dataclasses.replace(stack, status=status, ids={**stack.ids, "Config": "the-next"})
    subject = read_subject(look, healthy.name, ahead)
    assert [flaw.severity for flaw in runs_what_was_deployed(subject, look)] == severities
