"""Promise: whatever stands in an answer or an error, clients can read it."""

from xml.etree import ElementTree

import pytest
from botocore.session import Session

from chem_endpoints.local.query_protocol import render_answer, render_error

MODEL = Session().get_service_model("cloudformation")
COLOURED = "Last log line: \x1b[31mERROR\x1b[0m \x00 \ud800 \uffff \u00e4 \u2192 <&>"
READ = "Last log line: \ufffd[31mERROR\ufffd[0m \ufffd \ufffd \ufffd \u00e4 \u2192 <&>"


@pytest.mark.parametrize("text", [COLOURED, "a\tb\nc"])
def test_a_reason_with_any_character_can_be_read(text: str) -> None:
    event = {"StackId": "s", "EventId": "1", "StackName": "s", "ResourceStatusReason": text}
    answer = render_answer(MODEL, "DescribeStackEvents", {"StackEvents": [event]})
    (reason,) = (one.text for one in ElementTree.fromstring(answer).iter() if one.tag.endswith("ResourceStatusReason"))
    assert reason == (READ if text == COLOURED else text)


def test_an_error_with_any_character_can_be_read() -> None:
    error = ElementTree.fromstring(render_error("ValidationError", COLOURED))
    assert error.findtext("Error/Message") == READ
