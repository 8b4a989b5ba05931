"""Data capture files have SageMaker's layout, and the client reads what is written."""

import base64
import gzip
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chem_endpoints.client.quality.captured_requests import read_capture_file
from chem_endpoints.local.capture_files import CaptureSettings, capture_file_name, capture_folder, capture_line
from chem_endpoints.local.observing import Exchange

AT = datetime(2026, 11, 22, 6, 59, 59, 120_000, tzinfo=UTC)
EXCHANGE = Exchange(
    region="us-east-1",
    endpoint="logs",
    variant="AllTraffic",
    component=None,
    inference_id="row-7",
    request_headers={"Content-Type": "text/csv; charset=utf-8"},
    request_body="smiles\nCCO\nµ\n".encode(),
    status=200,
    content_type="application/json",
    answer_headers={},
    answer_body=b'{"solubility": [1.0]}',
    custom_attributes="model=abc",
    at=AT,
    seconds=0.1,
)


def settings(**changes: Any) -> CaptureSettings:
    capture = {
        "InitialSamplingPercentage": 25,
        "DestinationS3Uri": "s3://kept/capture/",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    }
    found = CaptureSettings.of({"DataCaptureConfig": {**capture, **changes}})
    assert found is not None
    return found


def line(exchange: Exchange = EXCHANGE, **changes: Any) -> dict[str, Any]:
    written = capture_line(exchange, settings(**changes))
    assert written.endswith(b"\n")
    assert written.count(b"\n") == 1
    return dict(json.loads(written))


def test_a_line_has_sagemakers_members() -> None:
    found = line()
    assert re.fullmatch(r"[0-9a-f-]{36}", found["eventMetadata"].pop("eventId"))
    assert found == {
        "captureData": {
            "endpointInput": {
                "observedContentType": "text/csv; charset=utf-8",
                "mode": "INPUT",
                "data": "smiles\nCCO\nµ\n",
                "encoding": "CSV",
            },
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": '{"solubility": [1.0]}',
                "encoding": "JSON",
            },
        },
        "eventMetadata": {
            "customAttributes": ["model=abc"],
            "inferenceId": "row-7",
            "inferenceTime": "2026-11-22T06:59:59Z",
        },
        "eventVersion": "0",
    }


def test_what_was_not_told_has_no_member() -> None:
    found = line(replace(EXCHANGE, inference_id=None, custom_attributes=None))
    assert set(found["eventMetadata"]) == {"eventId", "inferenceTime"}


@pytest.mark.parametrize(
    ("modes", "sides"),
    [
        (["Input"], {"endpointInput"}),
        (["Output"], {"endpointOutput"}),
        (["InputAndOutput"], {"endpointInput", "endpointOutput"}),
    ],
    ids=["input", "output", "both"],
)
def test_only_the_directions_that_were_asked_for_are_captured(modes: list[str], sides: set[str]) -> None:
    assert set(line(CaptureOptions=[{"CaptureMode": mode} for mode in modes])["captureData"]) == sides


def test_a_compressed_body_is_captured_in_base64_whatever_its_type_says() -> None:
    body = gzip.compress(b"smiles\nCCO\n")
    asked = line(replace(EXCHANGE, request_body=body))["captureData"]["endpointInput"]
    assert (asked["encoding"], base64.b64decode(asked["data"])) == ("BASE64", body)


@pytest.mark.parametrize("headers", [None, {"CsvContentTypes": ["text/plain"]}], ids=["no-lists", "other-types"])
def test_a_type_that_no_list_has_is_captured_in_base64(headers: dict[str, Any] | None) -> None:
    sides = line(CaptureContentTypeHeader=headers)["captureData"]
    assert {side["encoding"] for side in sides.values()} == {"BASE64"}


def test_files_lie_in_the_folder_of_their_hour() -> None:
    assert capture_folder(settings(), EXCHANGE) == "s3://kept/capture/logs/AllTraffic/2026/11/22/06"
    assert re.fullmatch(r"59-59-120-[0-9a-f-]{36}\.jsonl", capture_file_name(AT))


def test_the_client_reads_what_is_written() -> None:
    body = b"".join(
        capture_line(exchange, settings()) for exchange in (EXCHANGE, replace(EXCHANGE, request_body=b"\xff"))
    )
    text, binary = read_capture_file(body, name="x", variant="AllTraffic")
    assert (text.error, binary.error) == ("", "")
    assert text.asked is not None
    assert text.answered is not None
    assert binary.asked is not None
    assert (text.asked.body, text.asked.content_type) == (EXCHANGE.request_body, "text/csv; charset=utf-8")
    assert (text.answered.body, binary.asked.body) == (EXCHANGE.answer_body, b"\xff")
    assert (text.time, text.inference) == (AT.replace(microsecond=0), "row-7")


@pytest.mark.parametrize(
    "config",
    [{}, {"DataCaptureConfig": None}, {"DataCaptureConfig": {"EnableCapture": False}}],
    ids=["none", "null", "disabled"],
)
def test_without_a_capture_configuration_nothing_is_captured(config: dict[str, Any]) -> None:
    assert CaptureSettings.of(config) is None


def test_the_percentage_is_a_share() -> None:
    assert settings().share == 0.25
