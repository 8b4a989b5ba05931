"""The VPC of a stage: one that exists, or one that the app makes.

Source: "Give SageMaker AI hosted endpoints access to resources in your Amazon VPC", SageMaker developer guide.
"""

import re
from ipaddress import IPv4Network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from chem_endpoints.spec.strict_model import StrictModel, refusal

MOST_SUBNETS = 16
MOST_SECURITY_GROUPS = 5
"""What a VpcConfig may name. Source: "VpcConfig", SageMaker API reference."""


def _subnet(identifier: str) -> str:
    if not re.fullmatch(r"subnet-[0-9a-f]{8,17}", identifier):
        raise refusal("must be a subnet id such as subnet-0123456789abcdef0")
    return identifier


def _security_group(identifier: str) -> str:
    if not re.fullmatch(r"sg-[0-9a-f]{8,17}", identifier):
        raise refusal("must be a security group id such as sg-0123456789abcdef0")
    return identifier


def _cidr(text: str) -> str:
    try:
        network = IPv4Network(text)
    except ValueError:
        raise refusal("must be an IPv4 network such as 10.20.0.0/16") from None
    if not 16 <= network.prefixlen <= 24:
        raise refusal("must have a prefix length of 16 to 24, so that each subnet has enough addresses")
    return text


class Vpc(StrictModel):
    """Either subnets and security groups that exist, or the network to make."""

    subnets: Annotated[
        tuple[Annotated[str, AfterValidator(_subnet)], ...], Field(strict=False, max_length=MOST_SUBNETS)
    ] = ()
    """Subnets that exist, in two zones or more, with routes to S3, ECR and CloudWatch Logs."""
    security_groups: Annotated[
        tuple[Annotated[str, AfterValidator(_security_group)], ...],
        Field(strict=False, max_length=MOST_SECURITY_GROUPS),
    ] = ()
    """Security groups that exist."""
    cidr: Annotated[str, AfterValidator(_cidr)] | None = None
    """Network to make, for example 10.20.0.0/16: private subnets with VPC endpoints and no way to the internet."""
    zones: int = Field(default=2, ge=2, le=3)
    """Availability zones of the network to make; default 2."""

    @model_validator(mode="after")
    def _exists_or_is_made(self) -> Self:
        exists = bool(self.subnets or self.security_groups)
        if exists == (self.cidr is not None):
            raise refusal("must name subnets and security_groups that exist, or the cidr of a network to make")
        if exists and not (self.subnets and self.security_groups):
            raise refusal("must name both subnets and security_groups")
        return self
