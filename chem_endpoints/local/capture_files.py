"""The files of data capture, as SageMaker lays them out: JSON Lines, one request with its answer per line.

``<destination>/<endpoint>/<variant>/yyyy/mm/dd/hh/<name>.jsonl``, hours in UTC. Source: "Capture data from real-time
endpoint", SageMaker developer guide; "DataCaptureConfig", SageMaker API reference.
"""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from chem_endpoints.local.observing import Exchange

EVENT_VERSION = "0"
_MODES = {"Input": ("Input",), "Output": ("Output",), "InputAndOutput": ("Input", "Output")}


@dataclass(frozen=True, kw_only=True)
class CaptureSettings:
    """DataCaptureConfig of an endpoint configuration."""

    destination: str
    """``s3://bucket/prefix``."""
    share: float
    """Of the requests, between 0 and 1."""
    directions: frozenset[str]
    """``Input``, ``Output``."""
    csv_types: frozenset[str]
    """Media types that are captured as text, and marked as CSV."""
    json_types: frozenset[str]
    kms_key: str | None

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "CaptureSettings | None":
        """What an endpoint configuration says; None: nothing is captured."""
        capture = config.get("DataCaptureConfig") or {}
        if not capture or not capture.get("EnableCapture", True):
            return None
        headers = capture.get("CaptureContentTypeHeader") or {}
        modes = [option["CaptureMode"] for option in capture["CaptureOptions"]]
        return cls(
            destination=str(capture["DestinationS3Uri"]).rstrip("/"),
            share=int(capture["InitialSamplingPercentage"]) / 100,
            directions=frozenset(direction for mode in modes for direction in _MODES[mode]),
            csv_types=frozenset(map(_media_type, headers.get("CsvContentTypes") or ())),
            json_types=frozenset(map(_media_type, headers.get("JsonContentTypes") or ())),
            kms_key=capture.get("KmsKeyId") or None,
        )

    def encoding(self, content_type: str) -> str:
        """How a body of this type is captured; a type that no list has is captured in base64."""
        media_type = _media_type(content_type)
        if media_type in self.csv_types:
            return "CSV"
        return "JSON" if media_type in self.json_types else "BASE64"


def _media_type(content_type: str) -> str:
    """Without parameters: ``text/csv; charset=utf-8`` is captured as ``text/csv`` (SageMaker developer guide)."""
    return content_type.partition(";")[0].strip().lower()


def capture_line(exchange: Exchange, settings: CaptureSettings) -> bytes:
    """One request with its answer, as far as the settings want them; ends with a line feed."""
    data = {}
    if "Input" in settings.directions:
        asked = exchange.request_headers.get("Content-Type", "")
        data["endpointInput"] = _side("INPUT", asked, exchange.request_body or b"", settings)
    if "Output" in settings.directions:
        data["endpointOutput"] = _side("OUTPUT", exchange.content_type, exchange.answer_body or b"", settings)
    metadata: dict[str, Any] = {"eventId": str(uuid.uuid4())}
    if exchange.custom_attributes is not None:
        metadata["customAttributes"] = [exchange.custom_attributes]
    if exchange.inference_id is not None:
        metadata["inferenceId"] = exchange.inference_id
    metadata["inferenceTime"] = exchange.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    line = {"captureData": data, "eventMetadata": metadata, "eventVersion": EVENT_VERSION}
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _side(mode: str, content_type: str, body: bytes, settings: CaptureSettings) -> dict[str, str]:
    encoding = settings.encoding(content_type)
    try:
        data = None if encoding == "BASE64" else body.decode()
    except UnicodeDecodeError:  # Compressed, for instance.
        data = None
    if data is None:
        encoding, data = "BASE64", base64.b64encode(body).decode()
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}


def capture_folder(settings: CaptureSettings, exchange: Exchange) -> str:
    """The folder of a request's hour, as an S3 URI."""
    return f"{settings.destination}/{exchange.endpoint}/{exchange.variant}/{exchange.at:%Y/%m/%d/%H}"


def capture_file_name(first: datetime) -> str:
    """Of a file whose first request was asked then: minute, second, millisecond, and something unique."""
    return f"{first:%M-%S}-{first.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
