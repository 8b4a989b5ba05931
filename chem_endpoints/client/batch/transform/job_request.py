"""What CreateTransformJob is told.

Source: CreateTransformJob API reference; "Use batch transform", SageMaker developer guide.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from chem_endpoints.client.aws import AwsClients
from chem_endpoints.client.description import EndpointDescription
from chem_endpoints.client.retry import call
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.content_types import JSON_LINES
from chem_endpoints.wire.environment import REQUEST_SECONDS, STREAM_SECONDS

INPUT, OUTPUT = "_transform/input/", "_transform/output/"
"""Folders of requests and answers, below the parts; they are deleted when the parts are written."""
ANSWER_ENDING = ".out"
"""What SageMaker appends to the name of an input for that of its answer."""
PAYLOAD_MEGABYTES = 1
"""Rows that travel together: few, so that a slow model has time for them."""
INVOCATION_SECONDS = 3600
"""The longest that SageMaker lets a request take."""
SERVER_SECONDS = 3500
"""The deadline of a request at our server, which then still has time to say which rows are not done."""
SLOW_ROW_SECONDS = 0.1
"""From here on each row travels alone: a megabyte of short rows would not be done in `SERVER_SECONDS`."""
RETRIES = 3
NAME_LENGTH = 63
"""Longest name of a transform job."""


@dataclass(frozen=True, kw_only=True)
class TransformOptions:
    """The instances that a transform job runs on.

    Attributes:
        instance_type: such as ``ml.c5.xlarge``; ``None``: that of the endpoint.
        instances: how many.
    """

    instance_type: str | None = None
    instances: int = 1


@dataclass(frozen=True, kw_only=True)
class Served:
    """What a transform job takes from the endpoint.

    Attributes:
        model: name of the SageMaker Model.
        instance_type: the endpoint's; ``None``: it has none, as a serverless one.
    """

    model: str
    instance_type: str | None


def served_by(description: EndpointDescription, clients: AwsClients) -> Served:
    """The Model behind an endpoint, from its configuration or from that of its inference component.

    Raises:
        InvalidInputError: several variants share the traffic.
        EndpointError: AWS refuses.
    """
    endpoint = call(clients.sagemaker.describe_endpoint, EndpointName=description.name)
    config = call(clients.sagemaker.describe_endpoint_config, EndpointConfigName=endpoint["EndpointConfigName"])
    variants: list[dict[str, Any]] = config["ProductionVariants"]
    if len(variants) > 1:
        raise InvalidInputError(
            f"{description.name} has {len(variants)} variants, so there is no one model to transform with; use"
            ' method="endpoint"'
        )
    instance_type = variants[0].get("InstanceType")
    if description.component is None:
        return Served(model=str(variants[0]["ModelName"]), instance_type=instance_type)
    component = call(clients.sagemaker.describe_inference_component, InferenceComponentName=description.component)
    return Served(model=str(component["Specification"]["ModelName"]), instance_type=instance_type)


def job_name(endpoint: str, *, place: str, record: bytes, attempt: int) -> str:
    """The same for the same batch in the same place, so that a second call finds the job of the first."""
    digest = hashlib.sha256(place.encode() + b"\0" + record).hexdigest()[:16]
    tail = f"-{digest}-{attempt}"
    return f"{endpoint[: NAME_LENGTH - len(tail)].rstrip('-')}{tail}"


def job_request(
    name: str,
    served: Served,
    options: TransformOptions,
    *,
    offered: Collection[str],
    place: str,
    row_seconds: float | None,
) -> dict[str, Any]:
    """The parameters of CreateTransformJob.

    Args:
        name: of the job.
        served: the Model.
        options: the instances.
        offered: instance types of transform jobs: fewer than endpoints run on.
        place: ``s3://…/`` of the output folder, which has the folder of inputs.
        row_seconds: how long a row may take, if the model says so.

    Raises:
        InvalidInputError: nobody says which instances, or the endpoint's are none that transform jobs run on.
    """
    instance_type = options.instance_type or served.instance_type
    if instance_type is None:
        raise InvalidInputError('the endpoint has no instances to copy; say instance_type="ml.c5.xlarge", for example')
    if options.instance_type is None and instance_type not in offered:
        raise InvalidInputError(
            f"transform jobs do not run on {instance_type}, the endpoint's instance type; say"
            ' instance_type="ml.c5.xlarge", for example'
        )
    slow = row_seconds is not None and row_seconds >= SLOW_ROW_SECONDS
    return {
        "TransformJobName": name,
        "ModelName": served.model,
        "BatchStrategy": "SingleRecord" if slow else "MultiRecord",
        "MaxPayloadInMB": PAYLOAD_MEGABYTES,
        "ModelClientConfig": {
            "InvocationsTimeoutInSeconds": INVOCATION_SECONDS,
            "InvocationsMaxRetries": RETRIES,
        },
        "Environment": {REQUEST_SECONDS: str(SERVER_SECONDS), STREAM_SECONDS: str(SERVER_SECONDS)},
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{place}{INPUT}"}},
            "ContentType": JSON_LINES,
            "SplitType": "Line",
            "CompressionType": "None",
        },
        "TransformOutput": {
            "S3OutputPath": f"{place}{OUTPUT.rstrip('/')}",
            "Accept": JSON_LINES,
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": instance_type, "InstanceCount": options.instances},
    }
