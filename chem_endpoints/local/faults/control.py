"""What SageMaker says of the endpoint: members of the responses, as boto3 names them."""

from datetime import UTC, datetime

from chem_endpoints.local.address import ACCOUNT, REGION
from chem_endpoints.local.faults.release import Release
from chem_endpoints.local.faults.settings import BUCKET, Parameters, RuntimeSettings
from chem_endpoints.local.faults.shapes import VARIANT
from chem_endpoints.local.invocation_errors import InvocationError
from chem_endpoints.wire import tags

CREATED = datetime(2026, 1, 1, tzinfo=UTC)


def endpoint(settings: RuntimeSettings, release: Release) -> Parameters:
    """DescribeEndpoint."""
    return {
        "EndpointName": settings.name,
        "EndpointArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{settings.name}",
        "EndpointConfigName": settings.name,
        "EndpointStatus": "InService",
        "CreationTime": CREATED,
        "LastModifiedTime": CREATED,
    }


def endpoint_config(settings: RuntimeSettings, release: Release) -> Parameters:
    """DescribeEndpointConfig."""
    variant: Parameters = {"VariantName": VARIANT, "InitialVariantWeight": 1.0}
    if settings.kind != "inference_component":
        variant["ModelName"] = f"{settings.name}-{release.digest[:8]}"
    if settings.kind == "serverless":
        variant["ServerlessConfig"] = {"MemorySizeInMB": 3072, "MaxConcurrency": settings.slots}
    else:
        variant |= {"InstanceType": "ml.c7i.large", "InitialInstanceCount": 1}
    described: Parameters = {
        "EndpointConfigName": settings.name,
        "EndpointConfigArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint-config/{settings.name}",
        "ProductionVariants": [variant],
        "CreationTime": CREATED,
    }
    if settings.kind == "async":
        described["AsyncInferenceConfig"] = {
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": settings.slots},
            "OutputConfig": {"S3OutputPath": settings.uri("output"), "S3FailurePath": settings.uri("failure")},
        }
    if settings.captured:
        described["DataCaptureConfig"] = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{BUCKET}/capture/{settings.name}",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        }
    return described


def listed_tags(settings: RuntimeSettings, release: Release) -> Parameters:
    """ListTags."""
    if settings.foreign:
        return {"Tags": []}
    written = {
        tags.MANIFEST_URI: f"s3://{BUCKET}/{manifest_key(release)}",
        tags.MODEL_SHA256: release.digest,
        tags.WIRE: tags.WIRE_VERSION,
        tags.CLIENT_SETTINGS: tags.format_settings(settings.client_settings),
        tags.CAPTURES_URI: f"{settings.uri('captures')}/",
    }
    if settings.kind == "async":
        written[tags.INPUT_URI] = f"{settings.uri('input')}/"
    return {"Tags": [{"Key": key, "Value": value} for key, value in written.items()]}


def manifest_key(release: Release) -> str:
    """Where the manifest of a release lies in the bucket."""
    return f"manifests/{release.digest}/manifest.json"


def not_found(name: str) -> InvocationError:
    """There is no such endpoint or configuration."""
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{name}"
    return InvocationError(400, "ValidationException", f'Could not find endpoint "{arn}".')
