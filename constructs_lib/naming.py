"""Every name and ARN that is a literal at synth.

Literals instead of CloudFormation exports: an exported value cannot change while another stack imports it. What AWS
may replace (models, endpoint configurations) has no name here, and is referred to inside its own stack.
"""

from dataclasses import dataclass

from chem_endpoints.spec.declared_values import MAIN_VARIANT
from chem_endpoints.spec.image_source import REPOSITORY
from constructs_lib.s3_location import S3Location

FOUNDATION_STACK = "ChemEndpoints-foundation"
NETWORK_STACK = "ChemEndpoints-network"
KEY_ALIAS = "alias/chem-endpoints"
ALARM_TOPIC = "chem-endpoints-alarms"


def endpoint_stack_name(endpoint: str) -> str:
    """Name of an endpoint's stack."""
    return f"ChemEndpoints-{endpoint}"


def kept_prefix(days: int) -> str:
    """Prefix below which the shared bucket expires objects after ``days`` days."""
    return f"kept-{days}-days/"


def subnet_parameter(index: int) -> str:
    """SSM parameter that holds the id of a subnet which the app has made."""
    return f"/chem-endpoints/network/subnet-{index + 1}"


SECURITY_GROUP_PARAMETER = "/chem-endpoints/network/security-group"
"""SSM parameter that holds the id of the endpoints' security group which the app has made."""

CAPTURES_DAYS = 90
"""Days after which S3 expires a named capture: one of `chem_endpoints.spec.retention.RETENTION_DAYS`."""


def _suffix(variant: str) -> str:
    """Names of the main variant's parts carry no variant."""
    return "" if variant == MAIN_VARIANT else f"-{variant}"


@dataclass(frozen=True, kw_only=True)
class SharedNames:
    """Names of what all endpoints of an account and region share."""

    account: str
    region: str

    @property
    def bucket(self) -> str:
        """Bucket of captured inferences and of asynchronous requests and answers."""
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
    def component_log_group(self) -> str:
        """Log group that the copies of the inference component write to."""
        return f"/aws/sagemaker/InferenceComponents/{self.component}"

    def log_group_arn(self, group: str) -> str:
        """ARN of a log group."""
        return f"arn:aws:logs:{self.shared.region}:{self.shared.account}:log-group:{group}"

    def scaling_resource(self, variant: str) -> str:
        """Resource id of a variant in Application Auto Scaling."""
        return f"endpoint/{self.endpoint}/variant/{variant}"

    @property
    def component(self) -> str:
        """The inference component of an endpoint that serves through one."""
        return self.endpoint

    @property
    def component_arn(self) -> str:
        """ARN of the inference component."""
        return f"arn:aws:sagemaker:{self.shared.region}:{self.shared.account}:inference-component/{self.component}"

    @property
    def component_scaling_resource(self) -> str:
        """Resource id of the inference component in Application Auto Scaling."""
        return f"inference-component/{self.component}"

    def scaling_policy(self, key: str, variant: str = MAIN_VARIANT) -> str:
        """Name of a scaling policy."""
        return f"{self.endpoint}-{key}{_suffix(variant)}"

    @property
    def dashboard(self) -> str:
        """Name of the endpoint's dashboard."""
        return f"chem-endpoints-{self.endpoint}"

    @property
    def caller_policy(self) -> str:
        """Managed policy of those who may invoke the endpoint; IAM knows no regions, so the name tells them apart."""
        return f"chem-endpoints-{self.endpoint}-callers-{self.shared.region}"

    def alarm(self, key: str, variant: str = MAIN_VARIANT) -> str:
        """Name of one of the endpoint's alarms."""
        return f"chem-endpoints-{self.endpoint}-{key}{_suffix(variant)}"

    def alarm_arn(self, key: str, variant: str = MAIN_VARIANT) -> str:
        """ARN of one of the endpoint's alarms."""
        return f"arn:aws:cloudwatch:{self.shared.region}:{self.shared.account}:alarm:{self.alarm(key, variant)}"

    def capture_destination(self, days: int) -> S3Location:
        """Where data capture starts; SageMaker adds the endpoint's and the variant's name itself."""
        return S3Location(bucket=self.shared.bucket, key=f"{kept_prefix(days)}capture")

    def captured(self, days: int) -> S3Location:
        """Where this endpoint's captured requests lie."""
        return S3Location(bucket=self.shared.bucket, key=f"{kept_prefix(days)}capture/{self.endpoint}/")

    @property
    def named_captures(self) -> S3Location:
        """Where the endpoint's callers store the inferences that they capture under a name, whatever its kind."""
        return S3Location(bucket=self.shared.bucket, key=f"{kept_prefix(CAPTURES_DAYS)}captures/{self.endpoint}/")

    def monitoring_reports(self, days: int) -> S3Location:
        """Where Model Monitor's reports lie."""
        return S3Location(bucket=self.shared.bucket, key=f"{kept_prefix(days)}monitor/{self.endpoint}/")

    def async_objects(self, part: str, days: int) -> S3Location:
        """Where an asynchronous endpoint's ``input``, ``output`` or ``failure`` objects lie."""
        return S3Location(bucket=self.shared.bucket, key=f"{kept_prefix(days)}async/{self.endpoint}/{part}/")
