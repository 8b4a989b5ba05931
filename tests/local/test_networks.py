"""EC2's records of networks: what a template makes, what a client sees, and what EC2 would refuse."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

Clients = Callable[[str], Any]
Refused = Callable[..., None]


@pytest.fixture
def vpc(client: Clients) -> Iterator[str]:
    ec2 = client("ec2")
    made = str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
    yield made
    for subnet in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [made]}])["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=made)


def assert_refused(call: Callable[..., Any], code: str, **parameters: Any) -> None:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    assert refused.value.response["Error"]["Code"] == code


def test_subnets_that_do_not_fit_their_network_are_refused(client: Clients, vpc: str) -> None:
    ec2 = client("ec2")
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone="us-east-1b")
    create = ec2.create_subnet
    assert_refused(create, "InvalidSubnet.Conflict", VpcId=vpc, CidrBlock="10.0.0.128/25")
    assert_refused(create, "InvalidSubnet.Range", VpcId=vpc, CidrBlock="10.1.0.0/24")
    assert_refused(create, "InvalidSubnet.Range", VpcId=vpc, CidrBlock="10.0.1.0/29")
    assert_refused(create, "InvalidParameterValue", VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="eu-1a")
    assert_refused(create, "InvalidVpcID.NotFound", VpcId="vpc-0", CidrBlock="10.0.1.0/24")
    assert_refused(ec2.create_vpc, "InvalidVpc.Range", CidrBlock="10.0.0.0/8")
    assert_refused(ec2.create_vpc, "InvalidParameterValue", CidrBlock="10.0.0.1/16")


def test_what_is_in_use_is_not_deleted(client: Clients, vpc: str) -> None:
    ec2 = client("ec2")
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    association = ec2.associate_route_table(SubnetId=subnet, RouteTableId=table)["AssociationId"]
    assert_refused(ec2.delete_vpc, "DependencyViolation", VpcId=vpc)
    assert_refused(ec2.delete_route_table, "DependencyViolation", RouteTableId=table)
    ec2.disassociate_route_table(AssociationId=association)
    ec2.delete_route_table(RouteTableId=table)
    assert_refused(ec2.delete_route_table, "InvalidRouteTableID.NotFound", RouteTableId=table)


def test_descriptions_filter_by_id_member_and_tag(client: Clients, vpc: str) -> None:
    ec2 = client("ec2")
    first, second = (
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{step}.0/24")["Subnet"]["SubnetId"] for step in (1, 2)
    )
    ec2.create_tags(Resources=[first], Tags=[{"Key": "assay", "Value": "logS"}])

    def found(**how: Any) -> list[str]:
        return [subnet["SubnetId"] for subnet in ec2.describe_subnets(**how)["Subnets"]]

    assert found(SubnetIds=[second]) == [second]
    assert found(Filters=[{"Name": "tag:assay", "Values": ["logS"]}]) == [first]
    assert found(Filters=[{"Name": "cidr-block", "Values": ["10.0.2.0/24"]}]) == [second]
    ec2.delete_tags(Resources=[first], Tags=[{"Key": "assay"}])
    assert found(Filters=[{"Name": "tag-key", "Values": ["assay"]}]) == []
    assert_refused(ec2.describe_subnets, "InvalidParameterValue", Filters=[{"Name": "moon", "Values": ["full"]}])


def test_private_names_need_a_network_with_names(client: Clients, vpc: str) -> None:
    ec2 = client("ec2")
    wanted = {"VpcId": vpc, "VpcEndpointType": "Interface", "ServiceName": "com.amazonaws.us-east-1.kms"}
    assert_refused(ec2.create_vpc_endpoint, "InvalidParameter", PrivateDnsEnabled=True, **wanted)
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    assert ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"]["Value"]
    endpoint = ec2.create_vpc_endpoint(PrivateDnsEnabled=True, **wanted)["VpcEndpoint"]["VpcEndpointId"]
    assert_refused(ec2.create_vpc_endpoint, "InvalidServiceName", VpcId=vpc, ServiceName="com.amazonaws.eu-west-1.s3")
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])


def test_an_operation_that_is_missing_says_so(client: Clients) -> None:
    with pytest.raises(ClientError, match="The local AWS has no operation RunInstances of EC2"):
        client("ec2").run_instances(MinCount=1, MaxCount=1)


def resources(step: int) -> dict[str, Any]:
    """One resource of each type; what can change depends on the step."""
    tags = [{"Key": "step", "Value": str(step)}]
    vpc = {"VpcId": {"Ref": "VPC"}}
    rule = {"IpProtocol": "tcp", "FromPort": step, "ToPort": step, "CidrIp": "10.0.0.0/16", "Description": "d"}
    endpoint = {
        **vpc,
        "ServiceName": "com.amazonaws.us-east-1.kms",
        "VpcEndpointType": "Interface",
        "SubnetIds": [{"Ref": "Subnet"}, {"Ref": "Other"}][:step],
        "SecurityGroupIds": [{"Ref": "SecurityGroup"}],
    }
    flow = {"ResourceId": {"Ref": "VPC"}, "ResourceType": "VPC", "TrafficType": "ALL"}
    to = {"LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::flows"}
    properties: dict[str, dict[str, Any]] = {
        "VPC": {"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": True, "EnableDnsSupport": step == 1, "Tags": tags},
        "Subnet": {**vpc, "CidrBlock": "10.0.0.0/24", "MapPublicIpOnLaunch": step == 1, "Tags": tags},
        "RouteTable": {**vpc, "Tags": tags},
        "SubnetRouteTableAssociation": {"SubnetId": {"Ref": "Subnet"}, "RouteTableId": {"Ref": "RouteTable"}},
        "SecurityGroup": {**vpc, "GroupDescription": "g", "SecurityGroupIngress": [rule], "Tags": tags},
        "VPCEndpoint": {**endpoint, "Tags": tags},
        "FlowLog": {**flow, **to, "Tags": tags},
    }
    found = {kind: {"Type": f"AWS::EC2::{kind}", "Properties": values} for kind, values in properties.items()}
    other = {"Type": "AWS::EC2::Subnet", "Properties": {**vpc, "CidrBlock": "10.0.1.0/24"}}
    return {**found, "Other": other}


def assert_is_at(step: int, ids: dict[str, str], ec2: Any) -> None:
    for kind, listing, parameter in (
        ("VPC", "vpcs", "VpcIds"),
        ("Subnet", "subnets", "SubnetIds"),
        ("RouteTable", "route_tables", "RouteTableIds"),
        ("SecurityGroup", "security_groups", "GroupIds"),
        ("VPCEndpoint", "vpc_endpoints", "VpcEndpointIds"),
        ("FlowLog", "flow_logs", "FlowLogIds"),
    ):
        answer = getattr(ec2, f"describe_{listing}")(**{parameter: [ids[kind]]})
        (record,) = next(value for key, value in answer.items() if key != "ResponseMetadata")
        assert {"Key": "step", "Value": str(step)} in record["Tags"], kind
    support = ec2.describe_vpc_attribute(VpcId=ids["VPC"], Attribute="enableDnsSupport")["EnableDnsSupport"]
    assert support["Value"] == (step == 1)
    (subnet,) = ec2.describe_subnets(SubnetIds=[ids["Subnet"]])["Subnets"]
    assert subnet["MapPublicIpOnLaunch"] == (step == 1)
    (group,) = ec2.describe_security_groups(GroupIds=[ids["SecurityGroup"]])["SecurityGroups"]
    assert [rule["FromPort"] for rule in group["IpPermissions"]] == [step]
    assert [rule["IpProtocol"] for rule in group["IpPermissionsEgress"]] == ["-1"]
    (endpoint,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[ids["VPCEndpoint"]])["VpcEndpoints"]
    assert len(endpoint["SubnetIds"]) == step


def test_a_network_is_made_changed_restored_and_deleted(cloud: Any, client: Clients) -> None:
    ec2 = client("ec2")
    assert cloud.create(resources(1)) == "CREATE_COMPLETE", cloud.reasons()
    found = cloud.api.describe_stack_resources(StackName=cloud.name)["StackResources"]
    ids = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in found}
    assert_is_at(1, ids, ec2)
    wrong = {"Type": "AWS::SSM::Parameter", "Properties": {"Colour": "red"}, "DependsOn": list(ids)}
    assert cloud.update({**resources(2), "Last": wrong}, DisableValidation=True) == "UPDATE_ROLLBACK_COMPLETE"
    assert_is_at(1, ids, ec2)
    assert cloud.update(resources(2)) == "UPDATE_COMPLETE", cloud.reasons()
    assert_is_at(2, ids, ec2)
    assert cloud.delete() == "DELETE_COMPLETE", cloud.reasons()
    assert_refused(ec2.describe_vpcs, "InvalidVpcID.NotFound", VpcIds=[ids["VPC"]])
