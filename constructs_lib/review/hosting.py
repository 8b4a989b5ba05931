"""Rules for models, endpoint configurations, endpoints and inference components."""

import re
from collections.abc import Iterator

from chem_endpoints.spec.instance_types import has_local_storage
from constructs_lib.review.finding import Expected, Flaw
from constructs_lib.review.template import Resource, Template, Values, as_list, is_true, number, text

MODEL = "AWS::SageMaker::Model"
CONFIG = "AWS::SageMaker::EndpointConfig"
ENDPOINT = "AWS::SageMaker::Endpoint"
COMPONENT = "AWS::SageMaker::InferenceComponent"

_PINNED = re.compile(r".*(:|@sha256:)[0-9a-f]{64}")
_TIMEOUT = "ContainerStartupHealthCheckTimeoutInSeconds"


def variants(config: Resource) -> list[Values]:
    """Production and shadow variants of a configuration."""
    return [
        *as_list(config.properties.get("ProductionVariants")),
        *as_list(config.properties.get("ShadowProductionVariants")),
    ]


def is_serverless(variant: Values) -> bool:
    """A variant without instances of ours."""
    return "ServerlessConfig" in variant


def hosts_components(config: Resource) -> bool:
    """A configuration whose models come as inference components."""
    return any("ModelName" not in variant for variant in variants(config))


def isolated(template: Template, expected: Expected) -> Iterator[Flaw]:
    """Models, or the configuration in their place, have no network."""
    if expected.isolation:
        for resource in _network_holders(template):
            if not is_true(resource.properties.get("EnableNetworkIsolation")):
                yield resource.logical_id, "the container can reach the network"


def in_the_vpc(template: Template, expected: Expected) -> Iterator[Flaw]:
    """Models, or the configuration in their place, run in a VPC where that is asked for."""
    if expected.vpc:
        for resource in _network_holders(template):
            if not resource.properties.get("VpcConfig"):
                yield resource.logical_id, "runs outside the VPC that the stage asks for"


def _network_holders(template: Template) -> Iterator[Resource]:
    """Where AWS takes network settings: models; the configuration for components; nowhere for serverless."""
    elsewhere = set()
    for config in template.of(CONFIG):
        if hosts_components(config):
            yield config
        served = [template.referred(variant.get("ModelName")) for variant in variants(config) if is_serverless(variant)]
        elsewhere |= {model.logical_id for model in served if model}
    for component in template.of(COMPONENT):
        model = template.referred(component.properties.get("Specification", {}).get("ModelName"))
        elsewhere |= {model.logical_id} if model else set()
    yield from (model for model in template.of(MODEL) if model.logical_id not in elsewhere)


def image_pinned(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """Images are named by digest, or by a tag that is a content hash."""
    for resource in template.of(MODEL):
        single = resource.properties.get("PrimaryContainer")
        for container in [*as_list(single), *as_list(resource.properties.get("Containers"))]:
            yield from _unpinned(resource, container)
    for resource in template.of(COMPONENT):
        container = resource.properties.get("Specification", {}).get("Container", {})
        if "Image" in container:
            yield from _unpinned(resource, container)


def _unpinned(resource: Resource, container: Values) -> Iterator[Flaw]:
    image = text(container.get("Image", ""))
    if not _PINNED.fullmatch(image):
        yield resource.logical_id, f"image {image} may change under the same name"


def startup_time_set(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """The container has as much time to start as was measured, not whatever AWS's default is."""
    for config in template.of(CONFIG):
        for variant in variants(config):
            if not is_serverless(variant) and "ModelName" in variant and _TIMEOUT not in variant:
                yield config.logical_id, f"variant {variant.get('VariantName')} has no time to start"
    for component in template.of(COMPONENT):
        if _TIMEOUT not in component.properties.get("Specification", {}).get("StartupParameters", {}):
            yield component.logical_id, "the component has no time to start"


def no_core_dumps(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """A crash writes no copy of the container's memory."""
    for config in template.of(CONFIG):
        if any("CoreDumpConfig" in variant for variant in variants(config)):
            yield config.logical_id, "a crash copies the container's memory, requests included, to S3"


def no_shell(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """Nobody logs in to an instance."""
    for config in template.of(CONFIG):
        if any(is_true(variant.get("EnableSSMAccess")) for variant in variants(config)):
            yield config.logical_id, "a shell on the instances is open"


def config_encrypted(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """Volumes use the key; types with storage of their own refuse one."""
    for config in template.of(CONFIG):
        types = [text(variant["InstanceType"]) for variant in variants(config) if "InstanceType" in variant]
        try:
            local = [each for each in types if has_local_storage(each)]
        except LookupError:
            # A template of somebody else's, with a parameter or a type that we do not know.
            continue
        has_key = "KmsKeyId" in config.properties
        if local and has_key:
            yield config.logical_id, f"has a KmsKeyId, which {local[0]} refuses"
        if types and not local and not has_key:
            yield config.logical_id, "the instances' volumes are not encrypted with a key of ours"


def capture_encrypted(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """Captured requests and answers are encrypted with the key."""
    for config in template.of(CONFIG):
        capture = config.properties.get("DataCaptureConfig")
        if capture and not capture.get("KmsKeyId"):
            yield config.logical_id, "captured requests are not encrypted with a key of ours"


def generated_names(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """What AWS replaces on each change has no name of its own."""
    for kind, name in ((MODEL, "ModelName"), (CONFIG, "EndpointConfigName")):
        for resource in template.of(kind):
            if name in resource.properties:
                yield resource.logical_id, f"has the fixed {name} {text(resource.properties[name])}"


def literal_endpoint_name(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """The endpoint's name is in the template."""
    for endpoint in template.of(ENDPOINT):
        if not isinstance(endpoint.properties.get("EndpointName"), str):
            yield endpoint.logical_id, "has a generated name"


def managed_instances_without_model(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """SageMaker manages the number of instances for inference components alone."""
    for config in template.of(CONFIG):
        for variant in variants(config):
            if "ModelName" in variant and "ManagedInstanceScaling" in variant:
                yield config.logical_id, f"variant {variant.get('VariantName')} has ManagedInstanceScaling and a model"


def copies_at_least_one(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """A component starts with a copy."""
    for component in template.of(COMPONENT):
        copies = component.properties.get("RuntimeConfig", {}).get("CopyCount")
        if not number(copies) >= 1:
            yield component.logical_id, f"starts with {copies} copies"
