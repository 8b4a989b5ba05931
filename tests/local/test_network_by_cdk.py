"""A stage with a network of its own and an endpoint whose inputs are monitored, by the real CDK CLI."""

from typing import Any

import pytest

from cdk_cli import CDK, MISSING
from cdk_clone import CdkClone

pytestmark = [pytest.mark.end_to_end, pytest.mark.thorough, pytest.mark.skipif(not CDK.exists(), reason=MISSING)]


def test_an_endpoint_in_a_network_with_a_monitor_comes_and_goes(
    own_aws: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    clone = CdkClone(
        own_aws.folder,
        stage={"images": "source", "vpc": {"cidr": "10.20.0.0/20", "zones": 2}},
        serving={
            "vpc": True,
            "capture": {"percent": 20, "directions": ["input"]},
            "monitor": {"baseline": {"statistics": "s3://models/s.json", "constraints": "s3://models/c.json"}},
        },
    )
    assembly = clone.synthesize(tmp_path_factory.mktemp("assembly"))
    clone.bootstrap()

    clone.cdk.deploy(assembly, "--all")
    ec2, sagemaker = own_aws.client("ec2"), own_aws.client("sagemaker")
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    assert vpc["CidrBlock"] == "10.20.0.0/20"
    subnets = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in ec2.describe_subnets()["Subnets"]}
    assert sorted(subnets.values()) == ["us-east-1a", "us-east-1b"]
    (config,) = sagemaker.list_endpoint_configs()["EndpointConfigs"]
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config["EndpointConfigName"])[
        "ProductionVariants"
    ]
    placed = sagemaker.describe_model(ModelName=variant["ModelName"])["VpcConfig"]
    assert set(placed["Subnets"]) == set(subnets)
    (group,) = ec2.describe_security_groups(GroupIds=placed["SecurityGroupIds"])["SecurityGroups"]
    assert [rule["FromPort"] for rule in group["IpPermissionsEgress"]] == [443]
    services = {each["ServiceName"]: each["VpcEndpointType"] for each in ec2.describe_vpc_endpoints()["VpcEndpoints"]}
    assert services["com.amazonaws.us-east-1.s3"] == "Gateway"
    assert services["com.amazonaws.us-east-1.sagemaker.runtime"] == "Interface"
    assert [log["ResourceId"] for log in ec2.describe_flow_logs()["FlowLogs"]] == [vpc["VpcId"]]
    schedule = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="logs-v1")
    assert schedule["MonitoringScheduleStatus"] == "Scheduled"
    assert schedule["EndpointName"] == "logs-v1"

    assert clone.cdk.deploy(assembly, "--all").count("(no changes)") == 3

    clone.cdk("destroy", "--force", "--app", assembly, "ChemEndpoints-logs-v1", "ChemEndpoints-network")
    assert ec2.describe_vpcs()["Vpcs"] == []
    assert ec2.describe_flow_logs()["FlowLogs"] == []
    assert sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"] == []
    assert sagemaker.list_data_quality_job_definitions()["JobDefinitionSummaries"] == []
