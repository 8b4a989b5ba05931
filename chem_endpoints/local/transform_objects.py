"""The S3 objects of a transform job: which ones it reads, where their answers go, what it captures.

Sources: S3DataSource and TransformOutput, SageMaker API reference; "Capture data from batch transform job", SageMaker
developer guide.
"""

import gzip
import json
import shutil
import tempfile
import uuid
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.async_objects import AsyncObjects, ObjectError
from chem_endpoints.local.model_folder import s3_location
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.transform_request import Capture, TransformRequest

ENDING = ".out"
"""What is appended to an input's name for that of its output."""
_LARGEST_BYTES = 5 << 40
"""Of an S3 object."""
_COPY_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class InputObject:
    """One object to be transformed."""

    prefix: str
    """``s3://bucket/folder/``: what the names are relative to."""
    name: str

    @property
    def location(self) -> str:
        """Its URI."""
        return self.prefix + self.name

    @property
    def place(self) -> str:
        """``bucket/key``, as SageMaker's log lines say it."""
        return self.location.removeprefix("s3://")


class TransformObjects:
    """Lists, reads and writes them for one job."""

    def __init__(self, request: TransformRequest, clients: OwnClients) -> None:
        self._request, self._s3 = request, clients("s3", request.region)
        self._objects = AsyncObjects(clients, body_bytes=_LARGEST_BYTES)

    def inputs(self) -> list[InputObject]:
        """What the job reads.

        Raises:
            ObjectError: it cannot be listed, or there is nothing.
        """
        try:
            found = list(self._manifest() if self._request.source_type == "ManifestFile" else self._listed())
        except (ClientError, BotoCoreError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            raise ObjectError(f"ClientError: S3 refuses to list {self._request.source}: {code}") from error
        if not found:
            raise ObjectError(f"ClientError: No S3 objects found under {self._request.source}")
        return found

    def _listed(self) -> Iterator[InputObject]:
        """Everything under the prefix but folders' marks; names are relative to the last folder in it."""
        bucket, prefix = s3_location(self._request.source)
        folder = prefix[: prefix.rfind("/") + 1]
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for one in page.get("Contents", ()):
                if not one["Key"].endswith("/"):
                    yield InputObject(prefix=f"s3://{bucket}/{folder}", name=one["Key"].removeprefix(folder))

    def _manifest(self) -> Iterator[InputObject]:
        bucket, key = s3_location(self._request.source)
        text = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        wrong = f"ClientError: The manifest {self._request.source} is not a JSON list of a prefix and names"
        try:
            head, *names = json.loads(text)
            prefix = head["prefix"]
        except (ValueError, TypeError, KeyError):
            raise ObjectError(wrong) from None
        if not all(isinstance(name, str) for name in (prefix, *names)):
            raise ObjectError(wrong)
        for name in names:
            yield InputObject(prefix=prefix, name=name)

    def fetch(self, source: InputObject) -> IO[bytes]:
        """An input's content, decompressed; the caller closes it.

        Raises:
            ObjectError: there is no such object, or it is not compressed as the job says.
        """
        file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        try:
            self._objects.fetch(self._request.region, source.location, file)
            file.seek(0)
            return _decompressed(file, source) if self._request.gzip else file
        except BaseException:
            file.close()
            raise

    def output_of(self, source: InputObject) -> str:
        """Where the answers to an input go."""
        return f"{self._request.output}/{source.name}{ENDING}"

    def store(self, source: InputObject, output: IO[bytes]) -> None:
        """Writes the answers to an input.

        Raises:
            ObjectError: they cannot be written.
        """
        content_type = self._request.accept or "application/octet-stream"
        location = self.output_of(source)
        self._objects.store(self._request.region, location, output, content_type, self._request.output_key)

    def capture(self, capture: Capture, done: Sequence[InputObject], started: datetime) -> None:
        """Writes the manifests of what was read and written: SageMaker does not copy a job's data.

        Raises:
            ObjectError: they cannot be written.
        """
        outputs = [f"{source.name}{ENDING}" for source in done]
        sides = {
            "input": (done[0].prefix, [source.name for source in done]),
            "output": (f"{self._request.output}/", outputs),
        }
        for side, (prefix, names) in sides.items():
            location = f"{capture.destination}/{side}/{started:%Y/%m/%d/%H}/{uuid.uuid4()}.jsonl"
            with tempfile.TemporaryFile() as file:
                file.write(json.dumps([{"prefix": prefix}, *names]).encode() + b"\n")
                self._objects.store(self._request.region, location, file, "application/x-jsonlines", capture.kms_key)


def _decompressed(file: IO[bytes], source: InputObject) -> IO[bytes]:
    plain: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        with file, gzip.open(file) as content:
            shutil.copyfileobj(content, plain, _COPY_BYTES)
    except (OSError, EOFError, zlib.error):
        plain.close()
        raise ObjectError(f"ClientError: {source.location} is not compressed with gzip") from None
    plain.seek(0)
    return plain
