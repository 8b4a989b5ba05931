"""Promise: what is encoded, botocore's own decoder reads, checksums included."""

import json
import string

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.local.event_stream import encode_message, payload_part, stream_exception

NAMES = st.text(string.ascii_lowercase + ":-", min_size=1, max_size=255)
HEADERS = st.dictionaries(NAMES, st.text(max_size=200), max_size=5)
MESSAGES = st.lists(st.tuples(HEADERS, st.binary(max_size=2000)), max_size=5)


def decoded(stream: bytes, cuts: int = 1) -> list[tuple[dict[str, str], bytes]]:
    """What the decoder finds when the stream comes in pieces of ``cuts`` bytes."""
    buffer, found = EventStreamBuffer(), []
    for start in range(0, len(stream), cuts):
        buffer.add_data(stream[start : start + cuts])
        found += [(dict(event.headers), event.payload) for event in buffer]
    return found


@given(messages=MESSAGES, cuts=st.integers(1, 500))
def test_messages_come_back_however_the_stream_is_cut(messages: list[tuple[dict[str, str], bytes]], cuts: int) -> None:
    assert decoded(b"".join(encode_message(*message) for message in messages), cuts) == messages


@given(payload=st.binary(min_size=1, max_size=50), data=st.data())
def test_a_changed_byte_of_the_payload_is_noticed(payload: bytes, data: st.DataObject) -> None:
    message = bytearray(payload_part(payload))
    place = data.draw(st.integers(len(message) - 4 - len(payload), len(message) - 1))
    message[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ChecksumMismatch):
        decoded(bytes(message), len(message))


def test_the_two_kinds_of_messages_say_what_they_are() -> None:
    [(headers, payload)] = decoded(payload_part(b"a,b\n"))
    assert headers == {
        ":message-type": "event",
        ":event-type": "PayloadPart",
        ":content-type": "application/octet-stream",
    }
    assert payload == b"a,b\n"
    [(headers, payload)] = decoded(stream_exception("ModelStreamError", Message="m", ErrorCode="c"))
    assert headers[":message-type"] == "exception"
    assert headers[":exception-type"] == "ModelStreamError"
    assert json.loads(payload) == {"Message": "m", "ErrorCode": "c"}
