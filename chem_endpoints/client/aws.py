"""The AWS clients that an endpoint needs, and the two S3 operations."""

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

READ_TIMEOUT_SECONDS = 70
"""SageMaker gives a model 60 s; a socket that gives up at 60 s races it (InvokeEndpoint API reference)."""

ABSENT = ("404", "NoSuchKey", "NotFound")
ABSENT_OR_HIDDEN = (*ABSENT, "403", "AccessDenied", "Forbidden")
"""Without s3:ListBucket, S3 answers 403 for an object that is not there (GetObject API reference)."""


@dataclass(frozen=True, kw_only=True)
class AwsClients:
    """boto3 clients, each safe to share between threads."""

    sagemaker: Any
    runtime: Any
    s3: Any


def connect(session: boto3.Session | None, *, connections: int) -> AwsClients:
    """Makes the clients; only the runtime's retries are ours, as botocore would repeat a slow prediction."""
    session = session or boto3.Session()
    shared = Config(max_pool_connections=connections)
    runtime = Config(
        max_pool_connections=connections,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
    return AwsClients(
        sagemaker=session.client("sagemaker", config=shared),
        runtime=session.client("sagemaker-runtime", config=runtime),
        s3=session.client("s3", config=shared),
    )


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def read_object(s3: Any, bucket: str, key: str, absent: tuple[str, ...] = ABSENT) -> bytes | None:
    """The object's bytes; ``None`` while it is not there, which any of the codes ``absent`` means."""
    try:
        return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] in absent:
            return None
        raise
