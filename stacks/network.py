"""The network of a stage that declares one: private subnets, VPC endpoints, no way to the internet.

Made of plain resources, because the higher constructs of CDK ask AWS for the zones at synth, and synth asks nobody.

Source: "Give SageMaker AI hosted endpoints access to resources in your Amazon VPC", SageMaker developer guide.
"""

from ipaddress import IPv4Network

from aws_cdk import DefaultStackSynthesizer, Environment, Fn, Stack, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from chem_endpoints.spec.stages import Stage
from constructs_lib.acknowledgements import acknowledge_findings
from constructs_lib.key_access import key_alias_arn
from constructs_lib.naming import SECURITY_GROUP_PARAMETER, SharedNames, subnet_parameter
from constructs_lib.tagging import ENDPOINT, SHARED

HTTPS = 443
ANYWHERE = "0.0.0.0/0"

SUBNET_BITS = 2
"""A network is cut into four parts: up to three zones, one to spare."""

INTERFACE_SERVICES = ("ecr.api", "ecr.dkr", "kms", "logs", "sagemaker.runtime")
"""What is reached through an interface: images, keys, logs, and the endpoints themselves for callers in the network."""

FLOW_LOG_GROUP = "/chem-endpoints/network/flow"


class NetworkStack(Stack):
    """VPC, subnets, security groups, VPC endpoints and flow logs; endpoint stacks find ids in SSM parameters."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        """
        Args:
            scope: the app.
            construct_id: id and stack name.
            stage: account, region, and the network's ``cidr`` and ``zones``.
        """
        super().__init__(
            scope,
            construct_id,
            description="Private network of Chem Endpoints",
            env=Environment(account=stage.account, region=stage.region),
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        assert stage.vpc is not None, "the app makes no network for a stage without one"
        assert stage.vpc.cidr is not None, "nor for one that names subnets which exist"
        network = IPv4Network(stage.vpc.cidr)
        self.vpc = ec2.CfnVPC(self, "Vpc", cidr_block=str(network), enable_dns_support=True, enable_dns_hostnames=True)
        self.route_table = ec2.CfnRouteTable(self, "Routes", vpc_id=self.vpc.attr_vpc_id)
        blocks = list(network.subnets(prefixlen_diff=SUBNET_BITS))[: stage.vpc.zones]
        self.subnets = [self._subnet(index, block) for index, block in enumerate(blocks)]
        self.endpoints_group = self._security_group("Containers", "Containers of Chem Endpoints")
        self.services_group = self._security_group("Services", "VPC endpoints of AWS services")
        self._allow_https(network)
        self._vpc_endpoints(stage)
        self._flow_logs(stage)
        self._publish_ids()
        Tags.of(self).add(ENDPOINT, SHARED)
        acknowledge_findings(self)

    def _subnet(self, index: int, block: IPv4Network) -> ec2.CfnSubnet:
        subnet = ec2.CfnSubnet(
            self,
            f"Subnet{index + 1}",
            vpc_id=self.vpc.attr_vpc_id,
            cidr_block=str(block),
            availability_zone=Fn.select(index, Fn.get_azs(self.region)),
            map_public_ip_on_launch=False,
        )
        ec2.CfnSubnetRouteTableAssociation(
            self,
            f"Subnet{index + 1}Routes",
            subnet_id=subnet.attr_subnet_id,
            route_table_id=self.route_table.attr_route_table_id,
        )
        return subnet

    def _security_group(self, construct_id: str, description: str) -> ec2.CfnSecurityGroup:
        return ec2.CfnSecurityGroup(self, construct_id, vpc_id=self.vpc.attr_vpc_id, group_description=description)

    def _allow_https(self, network: IPv4Network) -> None:
        inside, purpose = str(network), "HTTPS"
        self.services_group.security_group_ingress = [
            ec2.CfnSecurityGroup.IngressProperty(
                ip_protocol="tcp", from_port=HTTPS, to_port=HTTPS, cidr_ip=inside, description=purpose
            )
        ]
        # S3 is reached through a gateway at its public addresses; no route leads anywhere else.
        for group, reached in ((self.services_group, inside), (self.endpoints_group, ANYWHERE)):
            group.security_group_egress = [
                ec2.CfnSecurityGroup.EgressProperty(
                    ip_protocol="tcp", from_port=HTTPS, to_port=HTTPS, cidr_ip=reached, description=purpose
                )
            ]

    def _vpc_endpoints(self, stage: Stage) -> None:
        ec2.CfnVPCEndpoint(
            self,
            "S3",
            vpc_id=self.vpc.attr_vpc_id,
            service_name=f"com.amazonaws.{stage.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[self.route_table.attr_route_table_id],
        )
        for service in INTERFACE_SERVICES:
            ec2.CfnVPCEndpoint(
                self,
                service,
                vpc_id=self.vpc.attr_vpc_id,
                service_name=f"com.amazonaws.{stage.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=[subnet.attr_subnet_id for subnet in self.subnets],
                security_group_ids=[self.services_group.attr_group_id],
            )

    def _flow_logs(self, stage: Stage) -> None:
        group = logs.CfnLogGroup(
            self,
            "FlowLogs",
            log_group_name=FLOW_LOG_GROUP,
            retention_in_days=stage.log_retention_days,
            kms_key_id=key_alias_arn(SharedNames(account=stage.account, region=stage.region)),
        )
        arn = f"arn:aws:logs:{stage.region}:{stage.account}:log-group:{FLOW_LOG_GROUP}"
        policy = iam.ManagedPolicy(
            self,
            "FlowPolicy",
            statements=[
                iam.PolicyStatement(
                    actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                    resources=[f"{arn}:*"],
                )
            ],
        )
        role = iam.Role(
            self,
            "FlowRole",
            assumed_by=iam.ServicePrincipal(
                "vpc-flow-logs.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": stage.account}},
            ),
            managed_policies=[policy],
        )
        flow = ec2.CfnFlowLog(
            self,
            "Flow",
            resource_id=self.vpc.attr_vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=arn,
            deliver_logs_permission_arn=role.role_arn,
        )
        flow.add_resource_dependency(group)

    def _publish_ids(self) -> None:
        for index, subnet in enumerate(self.subnets):
            ssm.CfnParameter(
                self, f"Subnet{index + 1}Id", name=subnet_parameter(index), type="String", value=subnet.attr_subnet_id
            )
        ssm.CfnParameter(
            self,
            "ContainersId",
            name=SECURITY_GROUP_PARAMETER,
            type="String",
            value=self.endpoints_group.attr_group_id,
        )
