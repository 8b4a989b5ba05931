"""The tags of an endpoint's stack."""

from collections.abc import Mapping

from chem_endpoints.spec.endpoint_spec import EndpointSpec
from chem_endpoints.wire import tags
from constructs_lib.naming import EndpointNames
from constructs_lib.published_bundle import PublishedBundle
from constructs_lib.s3_location import S3Location

OWNER = "chem-endpoints:owner"
"""The team that answers for the model; on every resource."""

ENDPOINT = "chem-endpoints:endpoint"
"""The endpoint that a resource belongs to; on every resource. Callers' rights on configurations hang on it."""

ARTIFACT_VERSION = "chem-endpoints:artifact-version"
"""The declared S3 version of a Model's artifact; on the Model. SageMaker always reads the current version, so
``chem-endpoints doctor`` compares."""

SHARED = "shared"
"""What `ENDPOINT` says on resources that all endpoints share."""


def resource_tags(spec: EndpointSpec) -> Mapping[str, str]:
    """Tags of every resource of the endpoint."""
    return {OWNER: spec.owner, ENDPOINT: spec.name, **spec.tags}


def client_tags(
    spec: EndpointSpec, bundle: PublishedBundle, names: EndpointNames, async_input: S3Location | None = None
) -> Mapping[str, str]:
    """Tags of the endpoint itself, by which the client learns what it talks to; see `chem_endpoints.wire.tags`."""
    written = {
        tags.MODEL_SHA256: spec.model.sha256,
        tags.WIRE: tags.WIRE_VERSION,
        tags.CLIENT_SETTINGS: tags.format_settings(spec.client.model_dump(exclude_none=True)),
        tags.CAPTURES_URI: names.named_captures.uri,
    }
    if bundle.manifest:
        written[tags.MANIFEST_URI] = bundle.manifest.uri
    if async_input:
        written[tags.INPUT_URI] = async_input.uri
    return written
