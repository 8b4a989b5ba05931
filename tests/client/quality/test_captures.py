"""Promise: every captured row comes back once, typed, in its time; an unreadable record is a row that says so."""

import base64
import gzip
import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pandas as pd
import pytest
from moto import mock_aws

from chem_endpoints.client.quality.capture_place import list_keys
from chem_endpoints.client.quality.captures import captures, check_capture, store_capture
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire import codec
from chem_endpoints.wire.columns import PREDICTION_ERROR, ROW_NUMBER
from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES
from chem_endpoints.wire.manifest import Feature, Output
from manifests import small_manifest

BUCKET, NAME = "chem-endpoints-test", "logs-v1"
DESTINATION = f"s3://{BUCKET}/kept-90-days/capture"
NOON = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
MANIFEST = small_manifest(
    features=(Feature(name="smiles", dtype="text"), Feature(name="logp", dtype="float64", missing="allow")),
    outputs=(Output(name="prediction", dtype="float64"), Output(name="count", dtype="int64")),
)


class World:
    """An account in memory, with an endpoint that captures."""

    def __init__(self, *, captures_uri: str | None = None, input_uri: str | None = None, captured: bool = True) -> None:
        session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
        self.s3 = session.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        # The endpoint's own configuration is read by one call, which moto words differently from AWS.
        told = {"DataCaptureConfig": {"DestinationS3Uri": DESTINATION}}
        clients = SimpleNamespace(s3=self.s3, sagemaker=SimpleNamespace(describe_endpoint=lambda **_: told))
        described = SimpleNamespace(
            manifest=MANIFEST, captures_uri=captures_uri, input_uri=input_uri, captured=captured
        )
        self.endpoint: Any = SimpleNamespace(name=NAME, description=described, _clients=clients)

    def put(self, lines: list[bytes], time: datetime, *, variant: str = "AllTraffic", name: str = "a") -> None:
        key = f"kept-90-days/capture/{NAME}/{variant}/{time:%Y/%m/%d/%H}/{name}.jsonl"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=b"\n".join(lines) + b"\n")


@pytest.fixture
def world() -> Iterator[World]:
    with mock_aws():
        yield World()


def side(body: bytes, content_type: str, mode: str) -> dict[str, str]:
    """One direction as AWS writes it: text for the declared types, base64 for the others."""
    encoding = {CSV: "CSV", JSON: "JSON", JSON_LINES: "JSON"}.get(content_type, "BASE64")
    data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode()
    return {"observedContentType": f"{content_type}; charset=utf-8", "mode": mode, "data": data, "encoding": encoding}


def line(
    asked: pd.DataFrame, answered: pd.DataFrame | None, *, kind: str = CSV, time: datetime = NOON, event: str = "e"
) -> bytes:
    data: dict[str, Any] = {"endpointInput": side(codec.encode(asked, kind), kind, "INPUT")}
    if answered is not None:
        data["endpointOutput"] = side(codec.encode(answered, kind), kind, "OUTPUT")
    metadata = {"eventId": event, "inferenceId": "mine", "inferenceTime": f"{time:%Y-%m-%dT%H:%M:%SZ}"}
    return json.dumps({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}).encode()


def asked(rows: int, start: int = 0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            ROW_NUMBER: range(start, start + rows),
            "smiles": pd.Series(["C" * (start + row + 1) for row in range(rows)], dtype="str"),
            "logp": [0.1 * (start + row) for row in range(rows)],
        }
    )


def answered(rows: int, start: int = 0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            ROW_NUMBER: range(start, start + rows),
            "prediction": [float(start + row) for row in range(rows)],
            "count": pd.Series([start + row for row in range(rows)], dtype="Int64"),
            PREDICTION_ERROR: pd.Series([""] * rows, dtype="str"),
        }
    )


@pytest.mark.parametrize("kind", [CSV, JSON, JSON_LINES, ARROW])
def test_each_format_comes_back_typed(world: World, kind: str) -> None:
    world.put([line(asked(3, 5), answered(3, 5), kind=kind)], NOON)
    found = captures(world.endpoint)
    assert found["row"].tolist() == [5, 6, 7]
    assert found["smiles"].tolist() == ["C" * 6, "C" * 7, "C" * 8]
    assert found["logp"].tolist() == pytest.approx([0.5, 0.6, 0.7])
    assert found["prediction"].tolist() == [5.0, 6.0, 7.0]
    assert str(found["count"].dtype) == "Int64"
    assert set(found["inference_id"]) == {"mine"}
    assert set(found["captured_at"]) == {pd.Timestamp(NOON)}
    assert set(found["capture_error"]) == {""}


def test_rows_of_a_stream_find_their_inputs(world: World) -> None:
    world.put([line(asked(3), answered(3).iloc[::-1].reset_index(drop=True), kind=JSON_LINES)], NOON)
    assert captures(world.endpoint)["prediction"].tolist() == [0.0, 1.0, 2.0]


def test_callers_who_get_all_columns_back_are_read_too(world: World) -> None:
    raw = asked(2).drop(columns=ROW_NUMBER).rename(columns={"smiles": "SMILES"})
    both = pd.concat([raw, answered(2).drop(columns=ROW_NUMBER)], axis="columns")
    world.put([line(raw, both)], NOON)
    found = captures(world.endpoint)
    assert found["smiles"].tolist() == ["C", "CC"]
    assert found["prediction"].tolist() == [0.0, 1.0]


def test_only_the_asked_time_is_read_whatever_the_folder_says(world: World) -> None:
    for hours in range(-30, 31):
        time = NOON + timedelta(hours=hours)
        # SageMaker may close a file in the hour after its requests.
        world.put(
            [line(asked(1), answered(1), time=time, event=str(hours))],
            time + timedelta(hours=hours % 2),
            name=str(hours),
        )
    found = captures(world.endpoint, since=NOON - timedelta(hours=2), until="2026-11-27T15:30:00+01:00")
    assert found["event_id"].tolist() == ["-2", "-1", "0", "1"]


def test_variants_and_other_endpoints_are_told_apart(world: World) -> None:
    world.put([line(asked(1), answered(1))], NOON, variant="AllTraffic")
    world.put([line(asked(1), answered(1))], NOON, variant="shadow")
    world.s3.put_object(Bucket=BUCKET, Key=f"kept-90-days/capture/{NAME}2/AllTraffic/2026/11/27/12/a.jsonl", Body=b"x")
    assert sorted(captures(world.endpoint)["variant"]) == ["AllTraffic", "shadow"]


def test_what_cannot_be_read_is_a_row_with_a_reason(world: World) -> None:
    unknown = {"data": "0.3", "observedContentType": "text/x-other", "mode": "OUTPUT", "encoding": "JSON"}
    other = json.loads(line(asked(2), None))
    other["captureData"]["endpointOutput"] = unknown
    world.put(
        [
            b'{"secret": "CCO"',
            line(asked(2), None, event="input only"),
            json.dumps(other).encode(),
            line(asked(2).drop(columns=ROW_NUMBER), answered(3).drop(columns=ROW_NUMBER), event="short"),
            line(asked(1).drop(columns=["smiles"]), answered(1), event="old model"),
        ],
        NOON,
    )
    found = captures(world.endpoint)
    assert len(found) == 1 + 2 + 2 + 2 + 1
    broken = found[found["event_id"] == ""]
    assert broken["capture_error"].str.contains("line 1 of .*a.jsonl").all()
    assert "secret" not in " ".join(found["capture_error"])
    by_event = found.groupby("event_id")["capture_error"].first()
    assert by_event["input only"] == ""
    assert by_event["e"] == "the answer is in no format of this client"
    assert by_event["short"] == "2 rows were sent and 3 came back"
    assert "deployed now" in by_event["old model"]
    assert found.loc[found["event_id"] == "old model", "prediction"].tolist() == [0.0]
    assert found.loc[found["event_id"] == "short", "smiles"].tolist() == ["C", "CC"]


def test_compressed_bodies_are_unpacked(world: World) -> None:
    body = gzip.compress(codec.encode(asked(2), CSV))
    told = json.loads(line(asked(2), answered(2)))
    told["captureData"]["endpointInput"].update(encoding="BASE64", data=base64.b64encode(body).decode())
    world.put([json.dumps(told).encode()], NOON)
    assert captures(world.endpoint)["smiles"].tolist() == ["C", "CC"]


def test_more_files_than_a_page_of_s3_are_listed(world: World) -> None:
    for number in range(1005):
        world.s3.put_object(Bucket=BUCKET, Key=f"many/{number:04}", Body=b"")
    assert len(set(list_keys(world.s3, BUCKET, "many/"))) == 1005
    assert list_keys(world.s3, BUCKET, "many/", after="many/1000") == [f"many/{n}" for n in range(1001, 1005)]


def test_nothing_captured_has_the_same_columns(world: World) -> None:
    empty = captures(world.endpoint)
    world.put([line(asked(1), answered(1))], NOON)
    assert len(empty) == 0
    assert list(empty.columns) == list(captures(world.endpoint).columns)
    assert empty.dtypes.to_dict() == captures(world.endpoint).dtypes.to_dict()


def inferred(rows: int) -> Any:
    fates = pd.DataFrame({"model_sha256": pd.Series(["d" * 64] * rows, dtype="str")})
    return SimpleNamespace(fates=fates, report={"rows": rows})


def test_named_captures_come_back_by_name_and_time(world: World, tmp_path: Path) -> None:
    for number, name in enumerate(["one", "two", "one"]):
        where = store_capture(
            world.endpoint,
            name,
            inferred(2),
            inputs=asked(2, number),
            answers=answered(2, number).drop(columns=ROW_NUMBER),
            folder=tmp_path / "kept",
            time=NOON + timedelta(days=number),
        )
        assert stat.S_IMODE(Path(where).stat().st_mode) == 0o600
        assert stat.S_IMODE(Path(where).parent.stat().st_mode) == 0o700
    found = captures(world.endpoint, name="one", folder=tmp_path / "kept")
    assert found["prediction"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert found["smiles"].tolist() == ["C", "CC", "CCC", "CCCC"]
    assert set(found["model_sha256"]) == {"d" * 64}
    later = captures(world.endpoint, name="one", folder=tmp_path / "kept", since=NOON + timedelta(days=1))
    assert len(later) == 2
    world.put([line(asked(1), answered(1), time=NOON + timedelta(hours=1))], NOON)
    everything = captures(world.endpoint, folder=tmp_path / "kept")
    assert everything["capture"].tolist() == ["one", "one", "data-capture", "two", "two", "one", "one"]


@pytest.mark.parametrize("input_uri", [None, f"s3://{BUCKET}/kept-7-days/async/{NAME}/input/"])
def test_captures_lie_where_the_endpoints_tag_says_whatever_its_kind(input_uri: str | None) -> None:
    place = f"s3://{BUCKET}/kept-90-days/captures/{NAME}/"
    with mock_aws():
        world = World(captures_uri=place, input_uri=input_uri, captured=False)
        check_capture(world.endpoint, "batch-7")
        where = store_capture(world.endpoint, "batch-7", inferred(1), inputs=asked(1), answers=answered(1)[["count"]])
        assert where.startswith(f"{place}batch-7/")
        assert captures(world.endpoint)["count"].tolist() == [0]
        world.endpoint.description.captures_uri = place.replace(NAME, f"{NAME}2")
        assert captures(world.endpoint).empty, "another endpoint's captures are not this one's"


def test_an_asynchronous_endpoint_without_the_tag_keeps_captures_below_its_requests() -> None:
    with mock_aws():
        world = World(input_uri=f"s3://{BUCKET}/kept-7-days/async/{NAME}/input/", captured=False)
        where = store_capture(world.endpoint, "batch-7", inferred(1), inputs=asked(1), answers=answered(1)[["count"]])
        assert where.startswith(f"s3://{BUCKET}/kept-7-days/async/{NAME}/input/captures/batch-7/")
        assert captures(world.endpoint)["count"].tolist() == [0]


@pytest.mark.parametrize("name", ["", "../x", "a/b", "C(=O)O", "-a", "a" * 64])
def test_a_name_that_could_be_a_structure_or_a_path_is_refused(world: World, tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match="letters, digits"):
        store_capture(world.endpoint, name, inferred(1), inputs=asked(1), answers=answered(1), folder=tmp_path)
    with pytest.raises(InvalidInputError, match="letters, digits"):
        check_capture(world.endpoint, name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_without_a_place_the_caller_is_asked_for_one(world: World) -> None:
    with pytest.raises(InvalidInputError, match="captures_folder"):
        store_capture(world.endpoint, "a", inferred(1), inputs=asked(1), answers=answered(1))
    with pytest.raises(InvalidInputError, match="ISO 8601"):
        captures(world.endpoint, since="yesterday")
