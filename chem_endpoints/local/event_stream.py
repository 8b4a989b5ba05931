"""AWS event stream encoding, as far as an answer of InvokeEndpointWithResponseStream needs it.

Source: "Event stream encoding", Amazon Transcribe developer guide; Smithy, ``application/vnd.amazon.eventstream``.
"""

import json
import struct
from collections.abc import Mapping
from zlib import crc32

CONTENT_TYPE = "application/vnd.amazon.eventstream"
"""Media type of a stream of messages."""

_STRING = 7
"""The type of a header's value; no other is used here."""


def payload_part(data: bytes) -> bytes:
    """A ``PayloadPart`` event with these bytes of the answer."""
    headers = {":message-type": "event", ":event-type": "PayloadPart", ":content-type": "application/octet-stream"}
    return encode_message(headers, data)


def stream_exception(exception_type: str, **members: str) -> bytes:
    """An exception inside the stream, which ends it; ``members`` are those of its shape in botocore's model."""
    headers = {":message-type": "exception", ":exception-type": exception_type, ":content-type": "application/json"}
    return encode_message(headers, json.dumps(members).encode())


def encode_message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message: lengths and their CRC-32, headers, payload, and the CRC-32 of all that."""
    block = b"".join(_header(name, value) for name, value in headers.items())
    lengths = struct.pack("!II", 16 + len(block) + len(payload), len(block))
    content = lengths + struct.pack("!I", crc32(lengths)) + block + payload
    return content + struct.pack("!I", crc32(content))


def _header(name: str, value: str) -> bytes:
    encoded_name, encoded_value = name.encode(), value.encode()
    start = struct.pack("!B", len(encoded_name)) + encoded_name
    return start + struct.pack("!BH", _STRING, len(encoded_value)) + encoded_value
