"""Requests and answers that SageMaker's data capture wrote: JSON Lines, one request with its answer per line.

``<destination>/<endpoint>/<variant>/yyyy/mm/dd/hh/<name>.jsonl``. Source: "Capture data from real-time endpoint",
SageMaker developer guide.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from chem_endpoints.client.aws import split_uri
from chem_endpoints.client.quality.capture_place import list_keys
from chem_endpoints.client.retry import call
from chem_endpoints.wire.options import MODEL_DIGEST_KEY, parse_attributes

SLACK = timedelta(hours=1)
"""A file's folder is named by an hour, its requests may be from the one before or after."""

HOUR_FOLDER = "%Y/%m/%d/%H"


class _Side(BaseModel):
    data: str = ""
    encoding: str = "BASE64"
    content_type: str = Field(default="", alias="observedContentType")

    def body(self) -> bytes:
        """The bytes as they travelled."""
        return base64.b64decode(self.data, validate=True) if self.encoding == "BASE64" else self.data.encode()


class _Data(BaseModel):
    asked: _Side | None = Field(default=None, alias="endpointInput")
    answered: _Side | None = Field(default=None, alias="endpointOutput")


class _Metadata(BaseModel):
    event: str = Field(default="", alias="eventId")
    inference: str = Field(default="", alias="inferenceId")
    time: AwareDatetime = Field(alias="inferenceTime")
    attributes: list[str] | str = Field(default="", alias="customAttributes")


class _Line(BaseModel):
    data: _Data = Field(alias="captureData")
    metadata: _Metadata = Field(alias="eventMetadata")


@dataclass(frozen=True, kw_only=True)
class Body:
    """One direction of a captured request.

    Attributes:
        body: the bytes as they travelled.
        content_type: the header as it travelled; may be empty.
    """

    body: bytes
    content_type: str


@dataclass(frozen=True, kw_only=True)
class CapturedRequest:
    """One line of a capture file.

    Attributes:
        time: when it was asked.
        variant: the production variant that answered.
        event: AWS's id of the capture.
        inference: the caller's ``InferenceId``; empty without one.
        digest: digest of the model, where the captured attributes tell it; else empty.
        asked: the request; ``None`` where it was not captured.
        answered: the answer; ``None`` where it was not captured.
        error: why the line cannot be read; empty for a good one. ``time`` is then the file's hour.
    """

    time: datetime
    variant: str
    event: str = ""
    inference: str = ""
    digest: str = ""
    asked: Body | None = None
    answered: Body | None = None
    error: str = ""


def read_captured(s3: Any, destination: str, endpoint: str, since: datetime, until: datetime) -> list[CapturedRequest]:
    """Requests captured from ``since`` (included) to ``until`` (excluded), oldest first.

    Args:
        s3: boto3 client.
        destination: ``DestinationS3Uri`` of the endpoint's data capture.
        endpoint: its name.
        since: with time zone.
        until: with time zone.

    Raises:
        AccessRefusedError: s3:ListBucket or s3:GetObject is missing; callers of an endpoint do not have them, as
            captured requests are everybody's.
    """
    bucket, prefix = split_uri(destination)
    root = f"{prefix.rstrip('/')}/{endpoint}/".lstrip("/")
    found: list[CapturedRequest] = []
    for variant in list_keys(s3, bucket, root, delimiter="/"):
        after = variant + (since.astimezone(UTC) - SLACK).strftime(HOUR_FOLDER)
        last = variant + (until.astimezone(UTC) + SLACK).strftime(HOUR_FOLDER) + "/~"
        for key in list_keys(s3, bucket, variant, after=after):
            if key > last:
                break
            body = call(s3.get_object, Bucket=bucket, Key=key)["Body"].read()
            found += read_capture_file(body, name=key, variant=variant.removeprefix(root).rstrip("/"))
    return sorted((one for one in found if since <= one.time < until), key=lambda one: one.time)


def read_capture_file(body: bytes, *, name: str, variant: str) -> Iterator[CapturedRequest]:
    """The requests of one file; a line that cannot be read becomes a request with an error, and no line is lost.

    Args:
        body: the file.
        name: its key, for the error and for the hour of lines that cannot be read.
        variant: the production variant.
    """
    for number, line in enumerate(body.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            yield _request(_Line.model_validate_json(line), variant)
        except (ValidationError, binascii.Error, UnicodeError):  # their texts quote the line
            error = f"line {number} of {name} is not a record of SageMaker's data capture"
            yield CapturedRequest(time=_hour(name), variant=variant, error=error)


def _request(line: _Line, variant: str) -> CapturedRequest:
    metadata = line.metadata
    told = metadata.attributes if isinstance(metadata.attributes, str) else ";".join(metadata.attributes)
    return CapturedRequest(
        time=metadata.time,
        variant=variant,
        event=metadata.event,
        inference=metadata.inference,
        digest=parse_attributes(told).get(MODEL_DIGEST_KEY, ""),
        asked=_body(line.data.asked),
        answered=_body(line.data.answered),
    )


def _body(side: _Side | None) -> Body | None:
    return None if side is None else Body(body=side.body(), content_type=side.content_type)


def _hour(key: str) -> datetime:
    try:
        return datetime.strptime("/".join(key.split("/")[-5:-1]), HOUR_FOLDER).replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
