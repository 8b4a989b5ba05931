"""Operations of EC2 on what lets traffic in and out, and on its record: groups, VPC endpoints, flow logs.

Source: EC2 API reference.
"""

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.network_records import (
    ALL_OUT,
    NetworkError,
    NetworkRecords,
    Operation,
    Record,
    Values,
    shown,
    tags_of,
)

# security groups


def _create_security_group(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    vpc_id, name = parameters.get("VpcId"), parameters["GroupName"]
    if vpc_id is None:
        raise NetworkError("VPCIdNotSpecified", "No default VPC for this user")
    records.find("Vpc", vpc_id)
    if any((each["VpcId"], each["GroupName"]) == (vpc_id, name) for each in records.of("SecurityGroup")):
        message = f"The security group '{name}' already exists for VPC '{vpc_id}'"
        raise NetworkError("InvalidGroup.Duplicate", message)
    common = {"VpcId": vpc_id, "OwnerId": ACCOUNT, "Tags": tags_of(parameters)}
    rules = {"IpPermissions": [], "IpPermissionsEgress": [dict(ALL_OUT)]}
    described = {"GroupName": name, "Description": parameters["Description"]}
    return {"GroupId": records.add("SecurityGroup", {**described, **rules, **common})["GroupId"]}


def _authorize_security_group_ingress(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    return _authorize("IpPermissions", records, parameters)


def _authorize_security_group_egress(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    return _authorize("IpPermissionsEgress", records, parameters)


def _revoke_security_group_ingress(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    return _revoke("IpPermissions", records, parameters)


def _revoke_security_group_egress(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    return _revoke("IpPermissionsEgress", records, parameters)


def _authorize(member: str, records: NetworkRecords, parameters: Values) -> Values:
    group, rules = _group_and_rules(records, parameters)
    for rule in rules:
        if rule in group[member]:
            raise NetworkError("InvalidPermission.Duplicate", "the specified rule already exists")
        group[member].append(rule)
    return {"Return": True}


def _revoke(member: str, records: NetworkRecords, parameters: Values) -> Values:
    group, rules = _group_and_rules(records, parameters)
    for rule in rules:
        if rule not in group[member]:
            raise NetworkError(
                "InvalidPermission.NotFound", "The specified rule does not exist in this security group."
            )
        group[member].remove(rule)
    return {"Return": True}


def _group_and_rules(records: NetworkRecords, parameters: Values) -> tuple[Record, list[Record]]:
    group = records.find("SecurityGroup", parameters["GroupId"])
    if "IpPermissions" not in parameters:
        raise NetworkError("MissingParameter", "The local AWS takes rules as IpPermissions only")
    empty: Record = {"IpRanges": [], "Ipv6Ranges": [], "UserIdGroupPairs": []}
    return group, [{**empty, **rule} for rule in parameters["IpPermissions"]]


# VPC endpoints and flow logs


def _create_vpc_endpoint(records: NetworkRecords, parameters: Values, region: str) -> Values:
    vpc = records.find("Vpc", parameters["VpcId"])
    kind, service = parameters.get("VpcEndpointType", "Gateway"), str(parameters["ServiceName"])
    if not service.startswith(f"com.amazonaws.{region}."):
        raise NetworkError("InvalidServiceName", f"The Vpc Endpoint Service '{service}' does not exist")
    private = bool(parameters.get("PrivateDnsEnabled", kind == "Interface"))
    if kind == "Interface" and private and not (vpc["_EnableDnsSupport"] and vpc["_EnableDnsHostnames"]):
        words = "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true"
        raise NetworkError("InvalidParameter", f"{words} for {vpc['VpcId']}")
    endpoint = records.add(
        "VpcEndpoint",
        {
            "VpcId": vpc["VpcId"],
            "VpcEndpointType": kind,
            "ServiceName": service,
            "State": "available",
            "OwnerId": ACCOUNT,
            "PrivateDnsEnabled": private,
            "PolicyDocument": parameters.get("PolicyDocument", ""),
            "RouteTableIds": [],
            "SubnetIds": [],
            "Groups": [],
            "Tags": tags_of(parameters),
        },
    )
    _change_endpoint(records, endpoint, parameters)
    return {"VpcEndpoint": shown([endpoint])[0]}


def _change_endpoint(records: NetworkRecords, endpoint: Record, parameters: Values) -> None:
    tables = parameters.get("RouteTableIds") or parameters.get("AddRouteTableIds") or ()
    subnets = parameters.get("SubnetIds") or parameters.get("AddSubnetIds") or ()
    groups = parameters.get("SecurityGroupIds") or parameters.get("AddSecurityGroupIds") or ()
    endpoint["RouteTableIds"] += [records.find("RouteTable", each)["RouteTableId"] for each in tables]
    endpoint["SubnetIds"] += [records.find("Subnet", each)["SubnetId"] for each in subnets]
    found = [records.find("SecurityGroup", each) for each in groups]
    endpoint["Groups"] += [{"GroupId": each["GroupId"], "GroupName": each["GroupName"]} for each in found]


def _modify_vpc_endpoint(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    endpoint = records.find("VpcEndpoint", parameters["VpcEndpointId"])
    for member, removed in (("RouteTableIds", "RemoveRouteTableIds"), ("SubnetIds", "RemoveSubnetIds")):
        endpoint[member] = [each for each in endpoint[member] if each not in parameters.get(removed, ())]
    gone = parameters.get("RemoveSecurityGroupIds", ())
    endpoint["Groups"] = [each for each in endpoint["Groups"] if each["GroupId"] not in gone]
    _change_endpoint(records, endpoint, parameters)
    endpoint.update({name: parameters[name] for name in ("PolicyDocument", "PrivateDnsEnabled") if name in parameters})
    return {"Return": True}


def _delete_vpc_endpoints(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    for each in parameters["VpcEndpointIds"]:
        records.remove("VpcEndpoint", each)
    return {"Unsuccessful": []}


def _create_flow_logs(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    made = []
    for resource_id in parameters["ResourceIds"]:
        records.find_any(resource_id)
        names = ("TrafficType", "LogGroupName", "LogDestination", "LogDestinationType", "DeliverLogsPermissionArn")
        told = {name: parameters[name] for name in names if name in parameters}
        common = {"ResourceId": resource_id, "FlowLogStatus": "ACTIVE", "Tags": tags_of(parameters)}
        made.append(records.add("FlowLog", {**told, **common})["FlowLogId"])
    return {"FlowLogIds": made, "Unsuccessful": []}


def _delete_flow_logs(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    for each in parameters["FlowLogIds"]:
        records.remove("FlowLog", each)
    return {"Unsuccessful": []}


ACCESS_OPERATIONS: dict[str, Operation] = {
    "CreateSecurityGroup": _create_security_group,
    "AuthorizeSecurityGroupIngress": _authorize_security_group_ingress,
    "AuthorizeSecurityGroupEgress": _authorize_security_group_egress,
    "RevokeSecurityGroupIngress": _revoke_security_group_ingress,
    "RevokeSecurityGroupEgress": _revoke_security_group_egress,
    "CreateVpcEndpoint": _create_vpc_endpoint,
    "ModifyVpcEndpoint": _modify_vpc_endpoint,
    "DeleteVpcEndpoints": _delete_vpc_endpoints,
    "CreateFlowLogs": _create_flow_logs,
    "DeleteFlowLogs": _delete_flow_logs,
}
