"""The model that the checks deploy: one that this account can already serve."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from chem_endpoints.smoke.account import Account


class NoModelError(Exception):
    """There is no model to deploy; the message says what to give."""


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A container with its artifact, and a body that it answers."""

    container: dict[str, Any]
    """``PrimaryContainer`` of CreateModel, without a name of an endpoint."""
    rows: bytes
    """A CSV body."""

    @property
    def image(self) -> str:
        """The image's URI."""
        return str(self.container["Image"])

    @property
    def bucket(self) -> str:
        """Where its artifact lies."""
        source = self.container.get("ModelDataSource", {}).get("S3DataSource", {})
        return urlsplit(str(self.container.get("ModelDataUrl") or source.get("S3Uri", ""))).netloc


def model_of_parts(image: str, data: str, rows: bytes) -> ServedModel:
    """A model of an ECR image and an artifact in S3."""
    return ServedModel(container={"Image": image, "ModelDataUrl": data}, rows=rows)


def model_of_endpoint(name: str, account: Account, rows: bytes) -> ServedModel:
    """The model that a deployed endpoint serves.

    Raises:
        NoModelError: there is no such endpoint, or it serves none.
    """
    sagemaker = account("sagemaker")
    try:
        config_name = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
        config = sagemaker.describe_endpoint_config(EndpointConfigName=config_name)
        model = config["ProductionVariants"][0].get("ModelName") or _model_of_component(name, sagemaker)
        container = sagemaker.describe_model(ModelName=model)["PrimaryContainer"]
    except ClientError as error:
        raise NoModelError(f"endpoint {name}: {error.response['Error']['Message']}") from None
    kept = {key: value for key, value in container.items() if key in {"Image", "ModelDataUrl", "ModelDataSource"}}
    return ServedModel(container={**kept, "Environment": container.get("Environment", {})}, rows=rows)


def _model_of_component(endpoint: str, sagemaker: Any) -> str:
    listed = sagemaker.list_inference_components(EndpointNameEquals=endpoint)["InferenceComponents"]
    if not listed:
        raise NoModelError(f"endpoint {endpoint} has neither a model nor an inference component")
    found = sagemaker.describe_inference_component(InferenceComponentName=listed[0]["InferenceComponentName"])
    return str(found["Specification"]["ModelName"])
