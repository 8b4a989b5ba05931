"""How the doctor looks: through which clients, at what time, how far back."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import boto3

from chem_endpoints.doctor.quotas import EndpointQuotas
from chem_endpoints.local.address import NotLoopbackError, require_loopback


@dataclass(frozen=True, kw_only=True)
class Look:
    """One examination of one account and region."""

    session: boto3.Session
    now: datetime
    days: int
    """Days without an invocation after which an endpoint is idle."""
    local: bool
    """Nobody pushes images, raises quotas or reads mail here: what that leaves behind is a note."""

    @cached_property
    def sagemaker(self) -> Any:
        """SageMaker."""
        return self.session.client("sagemaker")

    @cached_property
    def cloudformation(self) -> Any:
        """CloudFormation."""
        return self.session.client("cloudformation")

    @cached_property
    def scaling(self) -> Any:
        """Application Auto Scaling."""
        return self.session.client("application-autoscaling")

    @cached_property
    def cloudwatch(self) -> Any:
        """CloudWatch."""
        return self.session.client("cloudwatch")

    @cached_property
    def logs(self) -> Any:
        """CloudWatch Logs."""
        return self.session.client("logs")

    @cached_property
    def s3(self) -> Any:
        """S3."""
        return self.session.client("s3")

    @cached_property
    def quotas(self) -> EndpointQuotas:
        """The account's quotas, read when first asked for."""
        return EndpointQuotas(self.session.client("service-quotas"))

    def ecr(self, region: str) -> Any:
        """ECR in the region of an image."""
        return self.session.client("ecr", region_name=region)

    def sns(self, region: str) -> Any:
        """SNS in the region of a topic."""
        return self.session.client("sns", region_name=region)


def is_local(session: boto3.Session) -> bool:
    """Whether the session's calls go to an AWS on this machine."""
    host = urlsplit(session.client("sts", region_name=session.region_name).meta.endpoint_url).hostname
    try:
        require_loopback(host or "")
    except NotLoopbackError:
        return False
    return True
