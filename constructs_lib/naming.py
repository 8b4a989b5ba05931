"""Every name and ARN that is a literal at synth.

Literals instead of CloudFormation exports: an exported value cannot change while another stack imports it. What AWS
may replace (models, endpoint configurations) has no name here, and is referred to inside its own stack.
"""

from dataclasses import dataclass

from chem_endpoints.spec.image_source import REPOSITORY
from constructs_lib.s3_location import S3Location

FOUNDATION_STACK = "ChemEndpoints-foundation"
KEY_ALIAS = "alias/chem-endpoints"
ALARM_TOPIC = "chem-endpoints-alarms"

VARIANT = "AllTraffic"
"""The one production variant. Deployment guardrails demand that its name never changes."""


def endpoint_stack_name(endpoint: str) -> str:
    """Name of an endpoint's stack."""
    return f"ChemEndpoints-{endpoint}"


def kept_prefix(days: int) -> str:
    """Prefix below which the shared bucket expires objects after ``days`` days."""
    return f"kept-{days}-days/"


@dataclass(frozen=True, kw_only=True)
class SharedNames:
    """Names of what all endpoints of an account and region share."""

    account: str
    region: str

    @property
    def bucket(self) -> str:
        """Bucket of captured requests and of asynchronous requests and answers."""
        return f"chem-endpoints-{self.account}-{self.region}"

    @property
    def any_key_arn(self) -> str:
        """ARN pattern of every key; a policy narrows it to ours by the key's alias."""
        return f"arn:aws:kms:{self.region}:{self.account}:key/*"

    @property
    def alarm_topic_arn(self) -> str:
        """Topic that every alarm publishes to."""
        return f"arn:aws:sns:{self.region}:{self.account}:{ALARM_TOPIC}"

    @property
    def repository_arn(self) -> str:
        """ECR repository of the images."""
        return f"arn:aws:ecr:{self.region}:{self.account}:repository/{REPOSITORY}"


@dataclass(frozen=True, kw_only=True)
class EndpointNames:
    """Names of what belongs to one endpoint."""

    shared: SharedNames
    endpoint: str

    @property
    def endpoint_arn(self) -> str:
        """ARN of the endpoint."""
        return f"arn:aws:sagemaker:{self.shared.region}:{self.shared.account}:endpoint/{self.endpoint}"

    @property
    def any_endpoint_config_arn(self) -> str:
        """ARN pattern of every endpoint configuration; a policy narrows it to ours by a tag."""
        return f"arn:aws:sagemaker:{self.shared.region}:{self.shared.account}:endpoint-config/*"

    @property
    def log_group(self) -> str:
        """Log group that SageMaker writes the container's output to."""
        return f"/aws/sagemaker/Endpoints/{self.endpoint}"

    @property
    def log_group_arn(self) -> str:
        """ARN of the log group."""
        return f"arn:aws:logs:{self.shared.region}:{self.shared.account}:log-group:{self.log_group}"

    @property
    def scaling_resource(self) -> str:
        """Resource id of the variant in Application Auto Scaling."""
        return f"endpoint/{self.endpoint}/variant/{VARIANT}"

    @property
    def caller_policy(self) -> str:
        """Managed policy of those who may invoke the endpoint; IAM knows no regions, so the name tells them apart."""
        return f"chem-endpoints-{self.endpoint}-callers-{self.shared.region}"

    def alarm(self, key: str) -> str:
        """Name of one of the endpoint's alarms."""
        return f"chem-endpoints-{self.endpoint}-{key}"

    def capture_destination(self, days: int) -> S3Location:
        """Where data capture starts; SageMaker adds the endpoint's and the variant's name itself."""
        return S3Location(bucket=self.shared.bucket, key=f"{kept_prefix(days)}capture")

    def captured(self, days: int) -> S3Location:
        """Where this endpoint's captured requests lie."""
        return S3Location(bucket=self.shared.bucket, key=f"{kept_prefix(days)}capture/{self.endpoint}/")

    def async_objects(self, part: str, days: int) -> S3Location:
        """Where an asynchronous endpoint's ``input``, ``output`` or ``failure`` objects lie."""
        return S3Location(bucket=self.shared.bucket, key=f"{kept_prefix(days)}async/{self.endpoint}/{part}/")
