"""What a check works in: makes resources with the run's name and tags, waits for them, and can delete them all."""

import json
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.smoke.account import Account
from chem_endpoints.smoke.kinds import PREFIX, Tags, as_tags
from chem_endpoints.smoke.removal import Made, Tell, remove, remove_log_groups
from chem_endpoints.smoke.served_model import ServedModel
from chem_endpoints.wire import environment

VARIANT = "AllTraffic"
ROLE_SECONDS = 120.0
"""A new role is not known everywhere at once."""

_SHARED = ("bucket", "role")
"""Kinds that all checks of a run use."""


class CeilingError(Exception):
    """The check's time is over."""


class CheckError(Exception):
    """Something did not come about without which the check cannot tell anything."""


class Sandbox:
    """One run's resources in one account.

    Args:
        account: where.
        model: what endpoints serve.
        run: id of the run, part of every name.
        tags: of everything.
        instance_type: of every endpoint.
        tell: gets a line for what takes long.
        role: ARN of an execution role to use instead of one of its own.
    """

    def __init__(
        self,
        account: Account,
        model: ServedModel,
        *,
        run: str,
        tags: Tags,
        instance_type: str,
        tell: Tell,
        role: str | None = None,
    ) -> None:
        self.account, self.served = account, model
        self._run, self._tags, self._type, self._tell, self._role = run, tags, instance_type, tell, role
        self._made: list[Made] = []
        self._number = 0
        self.deadline = float("inf")
        """By `time.monotonic`; the runner sets it for each check."""

    # -- making -------------------------------------------------------------------------------------------------

    def name(self, kind: str, word: str) -> str:
        """A new name, written down before the thing is made: an interruption between the two leaves nothing."""
        self._number += 1
        name = f"{PREFIX}{self._run}-{word}-{self._number}"
        self._made.append(Made(kind=kind, name=name))
        return name

    @cached_property
    def bucket(self) -> str:
        """Takes answers and captures."""
        name, s3 = self.name("bucket", "data"), self.account("s3")
        place = {} if self.account.region == "us-east-1" else {"LocationConstraint": self.account.region}
        s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": place} if place else {}))
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": as_tags(self._tags)})
        return name

    @cached_property
    def role(self) -> str:
        """ARN of the execution role."""
        if self._role is not None:
            return self._role
        name, iam = self.name("role", "role"), self.account("iam")
        trust = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}}]
        document = json.dumps({"Version": "2012-10-17", "Statement": trust})
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, Tags=as_tags(self._tags))["Role"]
        policy = json.dumps({"Version": "2012-10-17", "Statement": self._statements()})
        iam.put_role_policy(RoleName=name, PolicyName="smoke", PolicyDocument=policy)
        return str(role["Arn"])

    def model(self, endpoint: str) -> str:
        """A Model, whose server thinks that it serves this endpoint; its name."""
        name = self.name("model", "model")
        variables = {**self.served.container.get("Environment", {}), environment.ENDPOINT_NAME: endpoint}
        deadline = time.monotonic() + ROLE_SECONDS
        while True:
            try:
                self.account("sagemaker").create_model(
                    ModelName=name,
                    PrimaryContainer={**self.served.container, "Environment": variables},
                    ExecutionRoleArn=self.role,
                    Tags=as_tags(self._tags),
                )
            except ClientError as error:
                if "role" not in str(error).lower() or time.monotonic() > deadline:
                    raise
                self.pause()
            else:
                return name

    def config(self, variant: dict[str, Any], **more: Any) -> str:
        """An endpoint configuration of one variant; its name."""
        name = self.name("endpoint configuration", "config")
        settings = {"VariantName": VARIANT, "InstanceType": self._type, "InitialInstanceCount": 1, **variant}
        self.account("sagemaker").create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[settings], Tags=as_tags(self._tags), **more
        )
        return name

    def endpoint(self, word: str, *, with_components: bool = False, **more: Any) -> str:
        """An endpoint in service; its name.

        Args:
            word: part of its name.
            with_components: it serves components instead of the model.
            more: of CreateEndpointConfig.

        Raises:
            CheckError: it did not come into service.
        """
        name = self.name("endpoint", word)
        if with_components:
            scaling = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 1}
            config = self.config({"ManagedInstanceScaling": scaling}, ExecutionRoleArn=self.role, **more)
        else:
            config = self.config({"ModelName": self.model(name)}, **more)
        self._tell(f"creating endpoint {name}")
        self.account("sagemaker").create_endpoint(
            EndpointName=name, EndpointConfigName=config, Tags=as_tags(self._tags)
        )
        self.settled(name)
        return name

    def component(self, endpoint: str) -> str:
        """An inference component with one copy of the model, in service; its name."""
        name, sagemaker = self.name("inference component", "component"), self.account("sagemaker")
        needs = {"NumberOfCpuCoresRequired": 1, "MinMemoryRequiredInMb": 1024}
        sagemaker.create_inference_component(
            InferenceComponentName=name,
            EndpointName=endpoint,
            VariantName=VARIANT,
            Specification={"ModelName": self.model(endpoint), "ComputeResourceRequirements": needs},
            RuntimeConfig={"CopyCount": 1},
            Tags=as_tags(self._tags),
        )
        self.component_settled(name)
        return name

    def alarm(self, **settings: Any) -> str:
        """An alarm; its name."""
        name = self.name("alarm", "alarm")
        self.account("cloudwatch").put_metric_alarm(AlarmName=name, Tags=as_tags(self._tags), **settings)
        return name

    def capture_config(self) -> dict[str, Any]:
        """A DataCaptureConfig that keeps every request with its answer."""
        return {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{self.bucket}/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        }

    # -- waiting ------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Waits until it is worth looking again.

        Raises:
            CeilingError: the check's time is over.
        """
        if time.monotonic() > self.deadline:
            raise CeilingError
        time.sleep(self.account.poll_seconds)

    def seen(self, look: Callable[[], Any], minutes: float) -> Any:
        """What ``look`` finds, once it finds something; after so many minutes what it found last.

        On the local AWS nothing is waited for that long.
        """
        end = time.monotonic() + min(60 * minutes, self.account.longest_wait_seconds)
        while not (found := look()) and time.monotonic() < end:
            self.pause()
        return found

    def settled(self, endpoint: str) -> dict[str, Any]:
        """DescribeEndpoint, once nothing is under way.

        Raises:
            CheckError: the endpoint failed.
        """
        return self._described("endpoint", "EndpointName", endpoint, "EndpointStatus")

    def component_settled(self, component: str) -> dict[str, Any]:
        """DescribeInferenceComponent, once nothing is under way.

        Raises:
            CheckError: the component failed.
        """
        return self._described("inference_component", "InferenceComponentName", component, "InferenceComponentStatus")

    # -- deleting -----------------------------------------------------------------------------------------------

    def empty(self) -> list[str]:
        """Deletes what the last check made; a sentence for each thing that stays."""
        return self._remove([one for one in self._made if one.kind not in _SHARED])

    def close(self) -> list[str]:
        """Deletes everything, and the logs; a sentence for each thing that stays."""
        failed = self._remove(self._made)
        try:
            remove_log_groups(self.account, self._run, self._tell)
        except (ClientError, BotoCoreError) as error:
            failed.append(f"log groups of {PREFIX}{self._run}: {error}")
        return failed

    def _remove(self, made: list[Made]) -> list[str]:
        failed = remove(self.account, made, self._tell)
        self._made = [one for one in self._made if one not in made or any(one.name in text for text in failed)]
        return failed

    def _described(self, operation: str, member: str, name: str, status: str) -> dict[str, Any]:
        describe = getattr(self.account("sagemaker"), f"describe_{operation}")
        while True:
            found: dict[str, Any] = describe(**{member: name})
            if found[status] == "InService":
                return found
            if found[status] in {"Failed", "OutOfService", "UpdateRollbackFailed"}:
                raise CheckError(f"{name} is {found[status]}: {found.get('FailureReason', 'no reason')}")
            self.pause()

    def _statements(self) -> list[dict[str, Any]]:
        """What the execution role may: pull images, read artifacts, write answers, captures, logs and metrics."""
        arn = f"arn:{self.account.partition}"
        own, bucket = f"{arn}:s3:::{PREFIX}*", self.served.bucket
        return [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:ListBucket"],
                "Resource": [own, f"{arn}:s3:::{bucket}", f"{arn}:s3:::{bucket}/*"],
            },
            {"Effect": "Allow", "Action": ["s3:PutObject", "s3:AbortMultipartUpload"], "Resource": own},
            {
                "Effect": "Allow",
                "Action": [
                    "ecr:GetAuthorizationToken",
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:GetDownloadUrlForLayer",
                    "ecr:BatchGetImage",
                    "cloudwatch:PutMetricData",
                    "cloudwatch:DescribeAlarms",
                ],
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Action": "kms:Decrypt",
                "Resource": "*",
                "Condition": {"StringLike": {"kms:ViaService": f"s3.{self.account.region}.*"}},
            },
            {
                "Effect": "Allow",
                "Action": [
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:PutLogEvents",
                    "logs:DescribeLogStreams",
                ],
                "Resource": f"{arn}:logs:*:*:log-group:/aws/sagemaker/*",
            },
        ]
