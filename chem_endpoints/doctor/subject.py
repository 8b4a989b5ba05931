"""One endpoint: what was deployed, and what SageMaker runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chem_endpoints.doctor.absence import found
from chem_endpoints.doctor.look import Look
from chem_endpoints.doctor.stack import Stack

Answer = Mapping[str, Any]
"""What AWS answered."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What the checks compare; each answer is None, or left out, where SageMaker has no such thing."""

    name: str
    stack: Stack | None
    endpoint: Answer | None
    """DescribeEndpoint."""
    config: Answer | None
    """DescribeEndpointConfig of the configuration that runs."""
    components: tuple[Answer, ...]
    """DescribeInferenceComponent of each component on the endpoint."""
    models: tuple[Answer, ...]
    """DescribeModel of each model that runs."""

    @property
    def status(self) -> str:
        """SageMaker's status of the endpoint."""
        return str(self.endpoint["EndpointStatus"]) if self.endpoint else "absent"

    @property
    def variants(self) -> list[Answer]:
        """The production and shadow variants as they run."""
        endpoint = self.endpoint or {}
        return [*endpoint.get("ProductionVariants", ()), *endpoint.get("ShadowProductionVariants", ())]

    @property
    def configured_variants(self) -> list[Answer]:
        """The production and shadow variants of the configuration that runs."""
        config = self.config or {}
        return [*config.get("ProductionVariants", ()), *config.get("ShadowProductionVariants", ())]

    @property
    def is_async(self) -> bool:
        """Whether it has a queue."""
        return bool((self.config or {}).get("AsyncInferenceConfig"))

    @property
    def images(self) -> list[str]:
        """References of the images that run."""
        images = [
            container["Image"]
            for model in self.models
            for container in [model.get("PrimaryContainer", {}), *model.get("Containers", ())]
            if "Image" in container
        ]
        return sorted(set(images))


def read_subject(look: Look, name: str, stack: Stack | None) -> Subject:
    """Asks SageMaker about an endpoint."""
    sagemaker = look.sagemaker
    endpoint = found(sagemaker.describe_endpoint, EndpointName=name)
    config = endpoint and found(sagemaker.describe_endpoint_config, EndpointConfigName=endpoint["EndpointConfigName"])
    components = tuple(_components(look, name)) if endpoint else ()
    names = {
        *(variant.get("ModelName") for variant in (config or {}).get("ProductionVariants", ())),
        *(variant.get("ModelName") for variant in (config or {}).get("ShadowProductionVariants", ())),
        *(component.get("Specification", {}).get("ModelName") for component in components),
    }
    models = [found(sagemaker.describe_model, ModelName=model) for model in sorted(filter(None, names))]
    return Subject(
        name=name,
        stack=stack,
        endpoint=endpoint,
        config=config,
        components=components,
        models=tuple(model for model in models if model),
    )


def _components(look: Look, endpoint: str) -> Iterator[Answer]:
    pages = look.sagemaker.get_paginator("list_inference_components").paginate(EndpointNameEquals=endpoint)
    for page in pages:
        for summary in page["InferenceComponents"]:
            name = summary["InferenceComponentName"]
            if component := found(look.sagemaker.describe_inference_component, InferenceComponentName=name):
                yield component
