"""What CreateTransformJob asks for, read once and refused where SageMaker would, or where it is not emulated.

Sources: CreateTransformJob and the types of its parameters, SageMaker API reference; "Use Your Own Inference Code with
Batch Transform", SageMaker developer guide.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from chem_endpoints.local.control_parameters import RefusedError
from chem_endpoints.local.transform_filters import FilterError, RecordFilters
from chem_endpoints.local.transform_lines import MEGABYTE, Assembly, Cut
from chem_endpoints.wire.content_types import CSV, JSON, JSON_LINES

INVOCATION_SECONDS, RETRIES = 600, 3
"""Of ModelClientConfig, when it does not say otherwise."""
MOST_MEGABYTES = 100
_DEFAULT_CONCURRENT, _DEFAULT_MEGABYTES = 1, 6
_STRATEGIES = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}
"""As the API names them, and as containers see and tell them."""
_FILTERED_TYPES = (CSV, JSON, JSON_LINES)


@dataclass(frozen=True, kw_only=True)
class Capture:
    """DataCaptureConfig of a transform job."""

    destination: str
    kms_key: str | None


@dataclass(frozen=True, kw_only=True)
class TransformRequest:
    """A transform job as it was asked for."""

    name: str
    region: str
    model: str
    instances: int
    source_type: str
    """``S3Prefix`` or ``ManifestFile``."""
    source: str
    content_type: str
    by_line: bool
    gzip: bool
    output: str
    accept: str | None
    assemble_by_line: bool
    output_key: str | None
    """KMS key of the output."""
    filters: RecordFilters
    capture: Capture | None
    invocation_seconds: int
    retries: int
    concurrent: int | None
    """MaxConcurrentTransforms; None: as the container says."""
    megabytes: int | None
    strategy: str | None
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the containers see beside the Model's environment."""

    @classmethod
    def read(cls, parameters: dict[str, Any], region: str) -> Self:
        """Reads the parameters of CreateTransformJob.

        Raises:
            RefusedError: SageMaker would refuse them, or they ask for what the local AWS does not emulate.
        """
        given, output = parameters["TransformInput"], parameters["TransformOutput"]
        source, client = given["DataSource"]["S3DataSource"], parameters.get("ModelClientConfig") or {}
        _refuse(parameters)
        return cls(
            name=parameters["TransformJobName"],
            region=region,
            model=parameters["ModelName"],
            instances=int(parameters["TransformResources"]["InstanceCount"]),
            source_type=source["S3DataType"],
            source=source["S3Uri"],
            content_type=given.get("ContentType") or "",
            by_line=given.get("SplitType") == "Line",
            gzip=given.get("CompressionType") == "Gzip",
            output=output["S3OutputPath"].rstrip("/"),
            accept=output.get("Accept") or None,
            assemble_by_line=output.get("AssembleWith") == "Line",
            output_key=output.get("KmsKeyId") or None,
            filters=_filters(parameters),
            capture=_capture(parameters.get("DataCaptureConfig") or {}),
            invocation_seconds=int(client.get("InvocationsTimeoutInSeconds", INVOCATION_SECONDS)),
            retries=int(client.get("InvocationsMaxRetries", RETRIES)),
            concurrent=parameters.get("MaxConcurrentTransforms") or None,
            megabytes=parameters.get("MaxPayloadInMB"),
            strategy=parameters.get("BatchStrategy"),
            environment=_environment(parameters),
        )

    def headers(self) -> dict[str, str]:
        """Those of every request to a container."""
        named = {"Content-Type": self.content_type, "Accept": self.accept}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How a job sends: what was asked for, else what its container says, else SageMaker's defaults."""

    concurrent: int
    megabytes: int
    """0: any size."""
    strategy: str

    @classmethod
    def of(cls, request: TransformRequest, told: Mapping[str, Any]) -> Self:
        """``told`` is the answer to ``GET /execution-parameters``."""
        own = {container: api for api, container in _STRATEGIES.items()}
        strategy = request.strategy or own.get(str(told.get("BatchStrategy")), "MultiRecord")
        megabytes = request.megabytes if request.megabytes is not None else told.get("MaxPayloadInMB")
        concurrent = request.concurrent or told.get("MaxConcurrentTransforms") or _DEFAULT_CONCURRENT
        return cls(
            concurrent=int(concurrent),
            megabytes=int(_DEFAULT_MEGABYTES if megabytes is None else megabytes),
            strategy=strategy,
        )

    def __str__(self) -> str:
        strategy = _STRATEGIES[self.strategy]
        return f"MaxConcurrentTransforms={self.concurrent}, MaxPayloadInMB={self.megabytes}, BatchStrategy={strategy}"

    def cut(self, request: TransformRequest) -> Cut:
        """How the job's objects are cut."""
        limit = self.megabytes * MEGABYTE or None
        return Cut(by_line=request.by_line, single=self.strategy == "SingleRecord", payload_bytes=limit)

    def assembly(self, request: TransformRequest) -> Assembly:
        """How the answers become objects."""
        return Assembly(by_line=request.assemble_by_line, cut=self.cut(request), filters=request.filters)


def _refuse(parameters: dict[str, Any]) -> None:
    given = parameters["TransformInput"]
    megabytes, concurrent = parameters.get("MaxPayloadInMB"), parameters.get("MaxConcurrentTransforms") or 1
    if megabytes is not None and megabytes > MOST_MEGABYTES:
        raise RefusedError(f"MaxPayloadInMB must not be greater than {MOST_MEGABYTES}.")
    if megabytes is not None and megabytes * concurrent > MOST_MEGABYTES:
        raise RefusedError(f"MaxConcurrentTransforms * MaxPayloadInMB must not be greater than {MOST_MEGABYTES} MB.")
    if given.get("SplitType") in ("RecordIO", "TFRecord"):
        raise RefusedError(f"The local AWS does not emulate SplitType {given['SplitType']}: use Line or None.")
    kind = given["DataSource"]["S3DataSource"]["S3DataType"]
    if kind not in ("S3Prefix", "ManifestFile"):
        raise RefusedError(f"S3DataType {kind} is not for transform jobs: use S3Prefix or ManifestFile.")


def _filters(parameters: dict[str, Any]) -> RecordFilters:
    processing, given = parameters.get("DataProcessing") or {}, parameters["TransformInput"]
    try:
        filters = RecordFilters.of(processing, given.get("ContentType") or "")
    except FilterError as error:
        raise RefusedError(f"DataProcessing cannot be followed: {error}.") from None
    if not filters.change_anything:
        return filters
    for what, kind in (
        ("ContentType", given.get("ContentType")),
        ("Accept", parameters["TransformOutput"].get("Accept")),
    ):
        if (kind or "").partition(";")[0].strip().lower() not in _FILTERED_TYPES:
            raise RefusedError(f"With DataProcessing, {what} must be one of {', '.join(_FILTERED_TYPES)}.")
    lines = given.get("SplitType"), parameters["TransformOutput"].get("AssembleWith")
    if filters.csv and lines != ("Line", "Line"):
        raise RefusedError("DataProcessing of CSV needs SplitType and AssembleWith to be Line.")
    return filters


def _capture(config: dict[str, Any]) -> Capture | None:
    if not config:
        return None
    if config.get("GenerateInferenceId"):
        raise RefusedError("The local AWS does not emulate GenerateInferenceId of a transform job: leave it out.")
    return Capture(destination=config["DestinationS3Uri"].rstrip("/"), kms_key=config.get("KmsKeyId") or None)


def _environment(parameters: dict[str, Any]) -> dict[str, str]:
    """SageMaker passes on what the caller has set, and no defaults."""
    environment = {**(parameters.get("Environment") or {}), "SAGEMAKER_BATCH": "true"}
    if (megabytes := parameters.get("MaxPayloadInMB")) is not None:
        environment["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(megabytes)
    if strategy := parameters.get("BatchStrategy"):
        environment["SAGEMAKER_BATCH_STRATEGY"] = _STRATEGIES[strategy]
    if concurrent := parameters.get("MaxConcurrentTransforms"):
        environment["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(concurrent)
    return environment
