"""Where in a network the containers of an endpoint run.

Source: "Give SageMaker AI hosted endpoints access to resources in your Amazon VPC", SageMaker developer guide.
"""

from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker

from chem_endpoints.spec.network import Vpc
from constructs_lib.naming import SECURITY_GROUP_PARAMETER, subnet_parameter


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Subnets and security groups: ids, or references that CloudFormation resolves."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]

    @classmethod
    def of(cls, vpc: Vpc) -> "Placement":
        """The declared ids; for a network that the app makes, the parameters that hold its ids."""
        if vpc.cidr is None:
            return cls(subnets=vpc.subnets, security_groups=vpc.security_groups)
        return cls(
            subnets=tuple(_resolved(subnet_parameter(index)) for index in range(vpc.zones)),
            security_groups=(_resolved(SECURITY_GROUP_PARAMETER),),
        )

    def for_model(self) -> sagemaker.CfnModel.VpcConfigProperty:
        """As a Model wants it."""
        return sagemaker.CfnModel.VpcConfigProperty(
            subnets=list(self.subnets), security_group_ids=list(self.security_groups)
        )

    def for_config(self) -> sagemaker.CfnEndpointConfig.VpcConfigProperty:
        """As an endpoint configuration wants it."""
        return sagemaker.CfnEndpointConfig.VpcConfigProperty(
            subnets=list(self.subnets), security_group_ids=list(self.security_groups)
        )


def join_network() -> iam.PolicyStatement:
    """What the execution role needs for it. The interfaces have no names before they exist, so EC2 accepts no narrower
    resource for most of these actions."""
    return iam.PolicyStatement(
        actions=[
            "ec2:CreateNetworkInterface",
            "ec2:CreateNetworkInterfacePermission",
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteNetworkInterfacePermission",
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ],
        resources=["*"],
    )


def _resolved(parameter: str) -> str:
    return f"{{{{resolve:ssm:{parameter}}}}}"
