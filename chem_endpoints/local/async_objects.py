"""The S3 objects of asynchronous invocations: inputs, results and failures. A body is never in memory as a whole."""

import shutil
from contextlib import closing
from typing import IO, Any

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.model_folder import s3_location
from chem_endpoints.local.own_clients import OwnClients

_COPY_BYTES = 1 << 20
_TRANSFER = TransferConfig(use_threads=False)
"""8 MiB at a time, one after the other."""


class ObjectError(Exception):
    """An object cannot be read or written; the message is for the caller."""


class AsyncObjects:
    """Reads and writes them."""

    def __init__(self, clients: OwnClients, *, body_bytes: int) -> None:
        self._clients, self._body_bytes = clients, body_bytes

    def fetch(self, region: str, location: str, file: IO[bytes]) -> str:
        """Copies an input into a file; returns its content type.

        Raises:
            ObjectError: there is none, or it is too large.
        """
        try:
            bucket, key = s3_location(location)
            found = self._clients("s3", region).get_object(Bucket=bucket, Key=key)
            with closing(found["Body"]) as body:
                if found["ContentLength"] > self._body_bytes:
                    raise ObjectError(f"The input {location} is larger than {self._body_bytes} bytes.")
                shutil.copyfileobj(body, file, _COPY_BYTES)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise ObjectError(f"ClientError: Failed to download the input from {location}: {code}") from error
        except (BotoCoreError, ValueError) as error:
            raise ObjectError(f"Failed to download the input from {location}: not an S3 object's location") from error
        return str(found["ContentType"])

    def store(self, region: str, location: str, body: IO[bytes], content_type: str, kms_key: str | None) -> None:
        """Writes a result or a failure, from the file's beginning.

        Raises:
            ObjectError: it cannot be written.
        """
        bucket, key = s3_location(location)
        settings: dict[str, Any] = {"ContentType": content_type}
        if kms_key is not None:
            settings |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
        body.seek(0)
        try:
            self._clients("s3", region).upload_fileobj(body, bucket, key, ExtraArgs=settings, Config=_TRANSFER)
        except (ClientError, BotoCoreError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            raise ObjectError(f"ClientError: Failed to upload the output to {location}: {code}") from error
