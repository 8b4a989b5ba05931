"""CloudFormation types of VPC networks: networks, subnets, routes, groups, VPC endpoints, flow logs."""

import json
from typing import Any

from chem_endpoints.local.cfn_properties import given
from chem_endpoints.local.cfn_resource_type import Context, ResourceType, Values, change_tags, undone_on_failure
from chem_endpoints.local.cfn_stack import Made


def _tagged(kind: str, properties: Values) -> dict[str, Any]:
    """Tags as the create operations take them."""
    tags = properties.get("Tags")
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}


def _chosen(properties: Values, *names: str) -> dict[str, Any]:
    return {name: properties[name] for name in names if name in properties}


def _change_tags_of(context: Context, made: Made, old: Values, new: Values) -> Made:
    ec2, place = context.client("ec2"), [made.physical_id]
    change_tags(
        old,
        new,
        remove=lambda keys: ec2.delete_tags(Resources=place, Tags=[{"Key": key} for key in keys]),
        add=lambda tags: ec2.create_tags(Resources=place, Tags=tags),
    )
    return made


def _create_vpc(context: Context, properties: Values) -> Made:
    parameters = {**_chosen(properties, "CidrBlock", "InstanceTenancy"), **_tagged("vpc", properties)}
    vpc_id = context.call("ec2", "create_vpc", parameters)["Vpc"]["VpcId"]
    with undone_on_failure(lambda: context.client("ec2").delete_vpc(VpcId=vpc_id)):
        _set_dns(context, vpc_id, properties)
    groups = context.client("ec2").describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])
    default = groups["SecurityGroups"][0]["GroupId"]
    attributes = {"VpcId": vpc_id, "CidrBlock": properties["CidrBlock"], "DefaultSecurityGroup": default}
    return Made(physical_id=vpc_id, attributes=attributes)


def _set_dns(context: Context, vpc_id: str, properties: Values) -> None:
    for name, default in (("EnableDnsSupport", True), ("EnableDnsHostnames", False)):
        value = {"Value": properties.get(name, default)}
        context.call("ec2", "modify_vpc_attribute", {"VpcId": vpc_id, name: value})


def _update_vpc(context: Context, made: Made, old: Values, new: Values) -> Made:
    _set_dns(context, made.physical_id, new)
    return _change_tags_of(context, made, old, new)


def _delete_vpc(context: Context, made: Made, _properties: Values) -> None:
    context.client("ec2").delete_vpc(VpcId=made.physical_id)


def _create_subnet(context: Context, properties: Values) -> Made:
    chosen = _chosen(properties, "VpcId", "CidrBlock", "AvailabilityZone")
    subnet = context.call("ec2", "create_subnet", {**chosen, **_tagged("subnet", properties)})["Subnet"]
    names = ("SubnetId", "VpcId", "CidrBlock", "AvailabilityZone")
    made = Made(physical_id=subnet["SubnetId"], attributes={name: subnet[name] for name in names})
    _set_public(context, made, properties)
    return made


def _set_public(context: Context, made: Made, properties: Values) -> None:
    value = {"Value": properties.get("MapPublicIpOnLaunch", False)}
    context.call("ec2", "modify_subnet_attribute", {"SubnetId": made.physical_id, "MapPublicIpOnLaunch": value})


def _update_subnet(context: Context, made: Made, old: Values, new: Values) -> Made:
    _set_public(context, made, new)
    return _change_tags_of(context, made, old, new)


def _delete_subnet(context: Context, made: Made, _properties: Values) -> None:
    context.client("ec2").delete_subnet(SubnetId=made.physical_id)


def _create_route_table(context: Context, properties: Values) -> Made:
    parameters = {**_chosen(properties, "VpcId"), **_tagged("route-table", properties)}
    table_id = context.call("ec2", "create_route_table", parameters)["RouteTable"]["RouteTableId"]
    return Made(physical_id=table_id, attributes={"RouteTableId": table_id})


def _delete_route_table(context: Context, made: Made, _properties: Values) -> None:
    context.client("ec2").delete_route_table(RouteTableId=made.physical_id)


def _create_association(context: Context, properties: Values) -> Made:
    association_id = context.call("ec2", "associate_route_table", properties)["AssociationId"]
    return Made(physical_id=association_id, attributes={"Id": association_id})


def _delete_association(context: Context, made: Made, _properties: Values) -> None:
    context.client("ec2").disassociate_route_table(AssociationId=made.physical_id)


def _create_group(context: Context, properties: Values) -> Made:
    name = properties.get("GroupName") or context.name(255)
    described = {"GroupName": name, "Description": properties["GroupDescription"]}
    parameters = {**described, **_chosen(properties, "VpcId"), **_tagged("security-group", properties)}
    group_id = context.call("ec2", "create_security_group", parameters)["GroupId"]
    with undone_on_failure(lambda: context.client("ec2").delete_security_group(GroupId=group_id)):
        _set_rules(context, group_id, properties)
    attributes = {"GroupId": group_id, "Id": group_id, **_chosen(properties, "VpcId")}
    return Made(physical_id=group_id, attributes=attributes)


def _set_rules(context: Context, group_id: str, properties: Values) -> None:
    """The declared rules in place of what there is; without declared ones for the way out, all may go out."""
    ec2 = context.client("ec2")
    (group,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    all_out = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
    wanted = (
        ("ingress", "IpPermissions", properties.get("SecurityGroupIngress") or []),
        ("egress", "IpPermissionsEgress", properties.get("SecurityGroupEgress") or [all_out]),
    )
    for way, member, rules in wanted:
        if group[member]:
            getattr(ec2, f"revoke_security_group_{way}")(GroupId=group_id, IpPermissions=group[member])
        if rules:
            permissions = {"GroupId": group_id, "IpPermissions": [_permission(rule) for rule in rules]}
            context.call("ec2", f"authorize_security_group_{way}", permissions)


def _permission(rule: Values) -> dict[str, Any]:
    """A rule as EC2 takes it: CloudFormation has its parts in one level."""
    words = given(Description=rule.get("Description"))
    other = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
    return {
        **_chosen(rule, "IpProtocol", "FromPort", "ToPort"),
        **({"IpRanges": [{"CidrIp": rule["CidrIp"], **words}]} if "CidrIp" in rule else {}),
        **({"Ipv6Ranges": [{"CidrIpv6": rule["CidrIpv6"], **words}]} if "CidrIpv6" in rule else {}),
        **({"UserIdGroupPairs": [{"GroupId": other, **words}]} if other else {}),
    }


def _update_group(context: Context, made: Made, old: Values, new: Values) -> Made:
    _set_rules(context, made.physical_id, new)
    return _change_tags_of(context, made, old, new)


def _delete_group(context: Context, made: Made, _properties: Values) -> None:
    context.client("ec2").delete_security_group(GroupId=made.physical_id)


_ENDPOINT_LISTS = ("RouteTableIds", "SecurityGroupIds", "SubnetIds")


def _endpoint_settings(properties: Values) -> dict[str, Any]:
    policy = properties.get("PolicyDocument")
    text = json.dumps(policy) if isinstance(policy, dict) else policy
    return {**_chosen(properties, "PrivateDnsEnabled"), **given(PolicyDocument=text)}


def _create_endpoint(context: Context, properties: Values) -> Made:
    chosen = _chosen(properties, "VpcId", "ServiceName", "VpcEndpointType", *_ENDPOINT_LISTS)
    parameters = {**chosen, **_endpoint_settings(properties), **_tagged("vpc-endpoint", properties)}
    endpoint_id = context.call("ec2", "create_vpc_endpoint", parameters)["VpcEndpoint"]["VpcEndpointId"]
    return Made(physical_id=endpoint_id, attributes={"Id": endpoint_id})


def _update_endpoint(context: Context, made: Made, old: Values, new: Values) -> Made:
    parameters: dict[str, Any] = {"VpcEndpointId": made.physical_id, **_endpoint_settings(new)}
    for name in _ENDPOINT_LISTS:
        before, after = set(old.get(name) or ()), set(new.get(name) or ())
        parameters |= {f"Add{name}": sorted(after - before), f"Remove{name}": sorted(before - after)}
    context.call("ec2", "modify_vpc_endpoint", parameters)
    return _change_tags_of(context, made, old, new)


def _delete_endpoint(context: Context, made: Made, _properties: Values) -> None:
    context.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[made.physical_id])


def _create_flow_log(context: Context, properties: Values) -> Made:
    names = ("ResourceType", "TrafficType", "LogDestinationType", "LogDestination", "LogGroupName")
    chosen = _chosen(properties, *names, "DeliverLogsPermissionArn")
    parameters = {**chosen, "ResourceIds": [properties["ResourceId"]], **_tagged("vpc-flow-log", properties)}
    (flow_log_id,) = context.call("ec2", "create_flow_logs", parameters)["FlowLogIds"]
    return Made(physical_id=flow_log_id, attributes={"Id": flow_log_id})


def _delete_flow_log(context: Context, made: Made, _properties: Values) -> None:
    context.client("ec2").delete_flow_logs(FlowLogIds=[made.physical_id])


EC2_TYPES: tuple[ResourceType, ...] = (
    ResourceType(
        name="AWS::EC2::VPC",
        known=frozenset({"CidrBlock", "EnableDnsHostnames", "EnableDnsSupport", "InstanceTenancy", "Tags"}),
        fixed=frozenset({"InstanceTenancy"}),
        create=_create_vpc,
        update=_update_vpc,
        delete=_delete_vpc,
        replaced_by=frozenset({"CidrBlock"}),
    ),
    ResourceType(
        name="AWS::EC2::Subnet",
        known=frozenset({"AvailabilityZone", "CidrBlock", "MapPublicIpOnLaunch", "Tags", "VpcId"}),
        create=_create_subnet,
        update=_update_subnet,
        delete=_delete_subnet,
        replaced_by=frozenset({"AvailabilityZone", "CidrBlock", "VpcId"}),
    ),
    ResourceType(
        name="AWS::EC2::RouteTable",
        known=frozenset({"Tags", "VpcId"}),
        create=_create_route_table,
        update=_change_tags_of,
        delete=_delete_route_table,
        replaced_by=frozenset({"VpcId"}),
    ),
    ResourceType(
        name="AWS::EC2::SubnetRouteTableAssociation",
        known=frozenset({"RouteTableId", "SubnetId"}),
        create=_create_association,
        delete=_delete_association,
    ),
    ResourceType(
        name="AWS::EC2::SecurityGroup",
        known=frozenset(
            {"GroupDescription", "GroupName", "SecurityGroupEgress", "SecurityGroupIngress", "Tags", "VpcId"}
        ),
        create=_create_group,
        update=_update_group,
        delete=_delete_group,
        replaced_by=frozenset({"GroupDescription", "GroupName", "VpcId"}),
        name_property="GroupName",
    ),
    ResourceType(
        name="AWS::EC2::VPCEndpoint",
        known=frozenset(
            {
                *_ENDPOINT_LISTS,
                "PolicyDocument",
                "PrivateDnsEnabled",
                "ServiceName",
                "Tags",
                "VpcEndpointType",
                "VpcId",
            }
        ),
        create=_create_endpoint,
        update=_update_endpoint,
        delete=_delete_endpoint,
        replaced_by=frozenset({"ServiceName", "VpcEndpointType", "VpcId"}),
    ),
    ResourceType(
        name="AWS::EC2::FlowLog",
        known=frozenset(
            {
                "DeliverLogsPermissionArn",
                "LogDestination",
                "LogDestinationType",
                "LogGroupName",
                "ResourceId",
                "ResourceType",
                "Tags",
                "TrafficType",
            }
        ),
        create=_create_flow_log,
        update=_change_tags_of,
        delete=_delete_flow_log,
        replaced_by=frozenset(
            {
                "DeliverLogsPermissionArn",
                "LogDestination",
                "LogDestinationType",
                "LogGroupName",
                "ResourceId",
                "ResourceType",
                "TrafficType",
            }
        ),
    ),
)
