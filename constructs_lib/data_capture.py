"""Data capture of a real-time endpoint: requests and answers as JSON Lines in the shared bucket.

Source: "Capture data from real-time endpoint", SageMaker developer guide.
"""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker

from chem_endpoints.spec.capture import Capture
from constructs_lib.naming import KEY_ALIAS, EndpointNames

READABLE_CSV = ("text/csv",)
READABLE_JSON = ("application/json", "application/jsonlines")
"""Content types that are captured as text; all others are captured in base64."""


def capture_settings(capture: Capture, names: EndpointNames) -> sagemaker.CfnEndpointConfig.DataCaptureConfigProperty:
    """The declared directions, encrypted with the shared key."""
    config = sagemaker.CfnEndpointConfig
    modes = [direction.capitalize() for direction in sorted(capture.directions)]
    return config.DataCaptureConfigProperty(
        enable_capture=True,
        initial_sampling_percentage=capture.percent,
        destination_s3_uri=names.capture_destination(capture.retain_days).uri,
        kms_key_id=KEY_ALIAS,
        capture_options=[config.CaptureOptionProperty(capture_mode=mode) for mode in modes],
        capture_content_type_header=config.CaptureContentTypeHeaderProperty(
            csv_content_types=list(READABLE_CSV), json_content_types=list(READABLE_JSON)
        ),
    )


def write_captured(capture: Capture, names: EndpointNames) -> iam.PolicyStatement:
    """What the execution role needs for it."""
    return iam.PolicyStatement(actions=["s3:PutObject"], resources=[names.captured(capture.retain_days).contents_arn])
