"""Operations of EC2 on VPCs, their subnets and route tables.

Source: EC2 API reference; "VPC CIDR blocks", "Subnet CIDR blocks" (VPC user guide).
"""

from ipaddress import IPv4Network
from typing import Any

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.network_records import (
    ALL_OUT,
    NetworkError,
    NetworkRecords,
    Operation,
    Values,
    new_id,
    shown,
    tags_of,
    value_of,
)

_ZONES = "abc"


# VPCs and subnets


def _create_vpc(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    block = _block(parameters.get("CidrBlock"), "InvalidVpc.Range")
    vpc = records.add(
        "Vpc",
        {
            "CidrBlock": str(block),
            "State": "available",
            "OwnerId": ACCOUNT,
            "InstanceTenancy": parameters.get("InstanceTenancy", "default"),
            "IsDefault": False,
            "Tags": tags_of(parameters),
            "_EnableDnsSupport": True,
            "_EnableDnsHostnames": False,
        },
    )
    group = {"GroupName": "default", "Description": "default VPC security group", "VpcId": vpc["VpcId"]}
    rules = {"IpPermissions": [], "IpPermissionsEgress": [dict(ALL_OUT)]}
    records.add("SecurityGroup", {**group, **rules, "OwnerId": ACCOUNT, "Tags": [], "_default": True})
    return {"Vpc": shown([vpc])[0]}


def _block(text: Any, code: str) -> IPv4Network:
    try:
        block = IPv4Network(str(text))
    except ValueError as error:
        raise NetworkError("InvalidParameterValue", f"Value ({text}) for parameter cidrBlock is invalid.") from error
    if not 16 <= block.prefixlen <= 28:
        raise NetworkError(code, f"The CIDR '{text}' is invalid.")
    return block


def _delete_vpc(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    records.remove("Vpc", parameters["VpcId"])
    records.drop_defaults(parameters["VpcId"])
    return {}


def _modify_vpc_attribute(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    vpc = records.find("Vpc", parameters["VpcId"])
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        if name in parameters:
            vpc[f"_{name}"] = value_of(parameters[name])
    return {}


def _describe_vpc_attribute(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    vpc, attribute = records.find("Vpc", parameters["VpcId"]), str(parameters["Attribute"])
    name = attribute[0].upper() + attribute[1:]
    if f"_{name}" not in vpc:
        raise NetworkError("InvalidParameterValue", f"Value ({attribute}) for parameter attribute is invalid.")
    return {"VpcId": vpc["VpcId"], name: {"Value": vpc[f"_{name}"]}}


def _create_subnet(records: NetworkRecords, parameters: Values, region: str) -> Values:
    vpc = records.find("Vpc", parameters["VpcId"])
    block, zone = _block(parameters.get("CidrBlock"), "InvalidSubnet.Range"), parameters.get("AvailabilityZone")
    zone = zone or f"{region}{_ZONES[0]}"
    if zone not in [f"{region}{letter}" for letter in _ZONES]:
        raise NetworkError("InvalidParameterValue", f"Value ({zone}) for parameter availabilityZone is invalid.")
    if not block.subnet_of(IPv4Network(vpc["CidrBlock"])):
        raise NetworkError("InvalidSubnet.Range", f"The CIDR '{block}' is invalid.")
    others = (IPv4Network(each["CidrBlock"]) for each in records.of("Subnet") if each["VpcId"] == vpc["VpcId"])
    if any(block.overlaps(other) for other in others):
        raise NetworkError("InvalidSubnet.Conflict", f"The CIDR '{block}' conflicts with another subnet")
    subnet = records.add(
        "Subnet",
        {
            "VpcId": vpc["VpcId"],
            "CidrBlock": str(block),
            "AvailabilityZone": zone,
            "AvailableIpAddressCount": block.num_addresses - 5,
            "MapPublicIpOnLaunch": False,
            "DefaultForAz": False,
            "State": "available",
            "OwnerId": ACCOUNT,
            "Tags": tags_of(parameters),
        },
    )
    return {"Subnet": shown([subnet])[0]}


def _modify_subnet_attribute(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    subnet = records.find("Subnet", parameters["SubnetId"])
    if "MapPublicIpOnLaunch" in parameters:
        subnet["MapPublicIpOnLaunch"] = value_of(parameters["MapPublicIpOnLaunch"])
    return {}


def _describe_availability_zones(_records: NetworkRecords, _parameters: Values, region: str) -> Values:
    zones = [{"ZoneName": f"{region}{letter}", "RegionName": region, "State": "available"} for letter in _ZONES]
    return {"AvailabilityZones": zones}


# route tables


def _create_route_table(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    vpc = records.find("Vpc", parameters["VpcId"])
    local = {"DestinationCidrBlock": vpc["CidrBlock"], "GatewayId": "local", "State": "active"}
    common = {"VpcId": vpc["VpcId"], "OwnerId": ACCOUNT, "Tags": tags_of(parameters)}
    table = records.add("RouteTable", {**common, "Associations": [], "Routes": [local]})
    return {"RouteTable": shown([table])[0]}


def _associate_route_table(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    table, subnet = (
        records.find("RouteTable", parameters["RouteTableId"]),
        records.find("Subnet", parameters["SubnetId"]),
    )
    association = {
        "RouteTableAssociationId": new_id("rtbassoc"),
        "RouteTableId": table["RouteTableId"],
        "SubnetId": subnet["SubnetId"],
        "Main": False,
    }
    table["Associations"].append(association)
    return {"AssociationId": association["RouteTableAssociationId"]}


def _disassociate_route_table(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    for table in records.of("RouteTable"):
        for association in table["Associations"]:
            if association["RouteTableAssociationId"] == parameters["AssociationId"]:
                table["Associations"].remove(association)
                return {}
    message = f"The association ID '{parameters['AssociationId']}' does not exist"
    raise NetworkError("InvalidAssociationID.NotFound", message)


VPC_OPERATIONS: dict[str, Operation] = {
    "CreateVpc": _create_vpc,
    "DeleteVpc": _delete_vpc,
    "ModifyVpcAttribute": _modify_vpc_attribute,
    "DescribeVpcAttribute": _describe_vpc_attribute,
    "CreateSubnet": _create_subnet,
    "ModifySubnetAttribute": _modify_subnet_attribute,
    "DescribeAvailabilityZones": _describe_availability_zones,
    "CreateRouteTable": _create_route_table,
    "AssociateRouteTable": _associate_route_table,
    "DisassociateRouteTable": _disassociate_route_table,
}
