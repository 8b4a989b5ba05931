"""What an endpoint is, found from AWS itself: kind, columns, limits, places."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chem_endpoints.client.aws import AwsClients, read_object, split_uri
from chem_endpoints.client.pace import AIM_SECONDS, Pace
from chem_endpoints.client.retry import call
from chem_endpoints.errors import EndpointError, EndpointNotFoundError, ForeignEndpointError
from chem_endpoints.wire import tags
from chem_endpoints.wire.manifest import Manifest, model_digest

Kind = Literal["realtime", "async", "serverless", "inference_component"]


@dataclass(frozen=True, kw_only=True)
class ClientSettings:
    """The declaration's ``client`` section.

    Attributes:
        rows_per_chunk: rows of one request at most; ``None``: as many as its time allows.
        max_in_flight: requests under way at once.
        invocation_timeout_s: seconds that one request may take at the endpoint.
    """

    rows_per_chunk: int | None = None
    max_in_flight: int = 4
    invocation_timeout_s: int = 60


@dataclass(frozen=True, kw_only=True)
class EndpointDescription:
    """An endpoint, as its tags and its configuration tell.

    Attributes:
        name: SageMaker endpoint name.
        kind: how it is invoked.
        manifest: the model's manifest; ``None``: the endpoint is foreign, nobody knows its columns.
        digest: the model digest, as the tag says; empty: the endpoint is foreign.
        settings: how to cut requests.
        captured: whether AWS keeps copies of requests, which should then stay readable.
        input_uri: where the requests of an async endpoint are put; ``None``: they travel inside the call.
        output_uri: where an async endpoint puts its answers.
        captures_uri: where callers store named captures; ``None``: the endpoint has no such place.
    """

    name: str
    kind: Kind
    manifest: Manifest | None
    digest: str
    settings: ClientSettings
    captured: bool
    input_uri: str | None
    output_uri: str | None = None
    captures_uri: str | None = None

    @property
    def foreign(self) -> bool:
        """Whether nobody knows its columns."""
        return self.manifest is None

    @property
    def known_manifest(self) -> Manifest:
        """The manifest.

        Raises:
            ForeignEndpointError: nobody knows it.
        """
        if self.manifest is None:
            raise ForeignEndpointError(
                f"endpoint {self.name!r} has no tag {tags.MANIFEST_URI!r}: it was not deployed by Chem Endpoints, or"
                " from an s3:// artifact whose manifest is unknown. Deploy it from a bundle file for this"
            )
        return self.manifest

    @property
    def component(self) -> str | None:
        """The inference component that holds the model: it is called like its endpoint."""
        return self.name if self.kind == "inference_component" else None


def describe_endpoint(name: str, clients: AwsClients) -> EndpointDescription:
    """Reads endpoint, configuration, tags and manifest.

    An endpoint without tags of ours, or from an ``s3://`` artifact whose manifest is unknown, is foreign: it is called
    with all columns, and its answers are taken as they come.

    Raises:
        EndpointNotFoundError: no such endpoint.
        AccessRefusedError: a permission is missing.
    """
    endpoint = call(clients.sagemaker.describe_endpoint, EndpointName=name)
    config = _configuration(endpoint, clients)
    tagged = _tags(clients, endpoint["EndpointArn"])
    kind = kind_of(config)
    foreign = tags.MANIFEST_URI not in tagged
    if not foreign and tagged.get(tags.WIRE) != tags.WIRE_VERSION:
        raise EndpointError(
            f"endpoint {name!r} speaks wire format {tagged.get(tags.WIRE)}, this client {tags.WIRE_VERSION}:"
            " upgrade the older of the two"
        )
    return EndpointDescription(
        name=name,
        kind=kind,
        manifest=None if foreign else Manifest.model_validate_json(_read_manifest(clients, tagged)),
        digest=tagged.get(tags.MODEL_SHA256, ""),
        settings=_settings(tagged, kind),
        captured=bool(config.get("DataCaptureConfig", {}).get("EnableCapture")),
        input_uri=tagged.get(tags.INPUT_URI),
        output_uri=config.get("AsyncInferenceConfig", {}).get("OutputConfig", {}).get("S3OutputPath"),
        captures_uri=tagged.get(tags.CAPTURES_URI),
    )


def _configuration(endpoint: Mapping[str, Any], clients: AwsClients) -> Mapping[str, Any]:
    """The configuration that runs.

    After a rollback by alarms CloudFormation deletes it, as the update's old one, while the endpoint goes on with it
    (``chem-endpoints doctor`` tells); then it is what DescribeEndpoint says of it.
    """
    try:
        found: Mapping[str, Any] = call(
            clients.sagemaker.describe_endpoint_config, EndpointConfigName=endpoint["EndpointConfigName"]
        )
    except EndpointNotFoundError:
        variants = [_as_configured(variant) for variant in endpoint["ProductionVariants"]]
        return {**endpoint, "ProductionVariants": variants}
    return found


def _as_configured(summary: Mapping[str, Any]) -> dict[str, Any]:
    """A variant of DescribeEndpoint under the names of DescribeEndpointConfig, as far as `kind_of` reads them."""
    if "CurrentServerlessConfig" in summary:
        return {"ServerlessConfig": summary["CurrentServerlessConfig"]}
    return {"ModelName": ""} if "DeployedImages" in summary else {}  # Components bring the image, not the variant.


def read_digest(name: str, clients: AwsClients) -> str:
    """The digest that the endpoint's tag names now; empty: it has none."""
    endpoint = call(clients.sagemaker.describe_endpoint, EndpointName=name)
    return _tags(clients, endpoint["EndpointArn"]).get(tags.MODEL_SHA256, "")


def kind_of(config: Mapping[str, Any]) -> Kind:
    """The kind of endpoint that a configuration makes."""
    variant = config["ProductionVariants"][0]
    if config.get("AsyncInferenceConfig"):
        return "async"
    if "ServerlessConfig" in variant:
        return "serverless"
    return "realtime" if "ModelName" in variant else "inference_component"


def endpoint_status(name: str, clients: AwsClients) -> str:
    """``InService``, ``Creating``, ``Updating``, ``Failed`` …, as SageMaker says now."""
    return str(call(clients.sagemaker.describe_endpoint, EndpointName=name)["EndpointStatus"])


def _tags(clients: AwsClients, arn: str) -> dict[str, str]:
    listed = call(clients.sagemaker.list_tags, ResourceArn=arn, MaxResults=100)
    return {tag["Key"]: tag["Value"] for tag in listed["Tags"]}


def _read_manifest(clients: AwsClients, tagged: dict[str, str]) -> bytes:
    bucket, key = split_uri(tagged[tags.MANIFEST_URI])
    manifest = call(read_object, clients.s3, bucket, key)
    if manifest is None:
        raise EndpointError(f"the manifest {tagged[tags.MANIFEST_URI]} is gone; deploy the endpoint again")
    if model_digest(manifest) != tagged[tags.MODEL_SHA256]:
        raise EndpointError(f"{tagged[tags.MANIFEST_URI]} is not the manifest of the deployed model; deploy it again")
    return bytes(manifest)


def pace_of(description: EndpointDescription) -> Pace:
    """What is known beforehand of how many rows a request to the endpoint should have."""
    timed, third = description.kind != "async", description.settings.invocation_timeout_s / 3
    return Pace(
        aim_seconds=min(AIM_SECONDS, third) if timed else third,
        most_rows=description.settings.rows_per_chunk,
        longest_row=description.manifest.row_seconds if description.manifest is not None else None,
        timed=timed,
    )


ASYNC_IN_FLIGHT, ASYNC_SECONDS = 64, 3600
"""Of an async endpoint whose declaration is unknown: requests under way, and seconds that one may take."""


def _settings(tagged: dict[str, str], kind: Kind) -> ClientSettings:
    known = ClientSettings.__dataclass_fields__
    try:
        settings = tags.parse_settings(tagged.get(tags.CLIENT_SETTINGS, ""))
    except ValueError as error:
        raise EndpointError(f"the tag {tags.CLIENT_SETTINGS!r} cannot be read ({error}); deploy it again") from None
    if kind == "async":
        settings = {"max_in_flight": ASYNC_IN_FLIGHT, "invocation_timeout_s": ASYNC_SECONDS, **settings}
    return ClientSettings(**{key: value for key, value in settings.items() if key in known})
