"""Promise: a source is found on this machine and in S3 alike, in a fixed order; an object that has been replaced
meanwhile is refused. Against a real S3 API (moto's server).
"""

import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer

from chem_endpoints.client.batch import batch, pieces
from chem_endpoints.client.batch.pieces import read_pieces, shape_of
from chem_endpoints.client.batch.ranged_object import RangedObject
from chem_endpoints.client.batch.sources import find_source
from chem_endpoints.errors import FileError
from chem_endpoints.local.faults.settings import RuntimeSettings
from chem_endpoints.local.faults.simple_models import text_value
from fault_scenarios import simulate

BUCKETS = itertools.count()


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
    yield session.client("s3", endpoint_url=f"http://{host}:{port}")
    server.stop()


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"libraries-{next(BUCKETS)}"
    s3.create_bucket(Bucket=name)
    return name


def put(s3: Any, bucket: str, key: str, table: pa.Table) -> None:
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=40)
    s3.put_object(Bucket=bucket, Key=key, Body=file.getvalue())


def part(s3: Any, bucket: str, key: str) -> pa.Table:
    return pq.read_table(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))


def texts(first: int, count: int) -> pa.Table:
    return pa.table({"smiles": [f"C{number}" for number in range(first, first + count)]})


def test_a_prefix_is_its_files_by_name(s3: Any, bucket: str) -> None:
    for key in ("lib/b/1.parquet", "lib/a.csv.gz", "lib/_temporary/x.parquet", "lib/.crc", "library.parquet"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    s3.put_object(Bucket=bucket, Key="lib/", Body=b"")
    source = find_source(f"s3://{bucket}/lib", s3)
    assert [(file.name, file.format, file.compressed) for file in source.files] == [
        ("a.csv.gz", "csv", True),
        ("b/1.parquet", "parquet", False),
    ]
    assert source.beside == f"s3://{bucket}/lib.predicted"
    assert find_source(f"s3://{bucket}/library.parquet", s3).beside == f"s3://{bucket}/library.predicted"


def test_more_than_a_page_of_objects_is_listed(s3: Any, bucket: str) -> None:
    for number in range(1001):
        s3.put_object(Bucket=bucket, Key=f"many/{number:04d}.csv", Body=b"smiles\n")
    names = [file.name for file in find_source(f"s3://{bucket}/many/", s3).files]
    assert names == [f"{number:04d}.csv" for number in range(1001)]


def test_what_is_not_there_is_told(s3: Any, bucket: str, tmp_path: Path) -> None:
    for place in (tmp_path / "no.parquet", tmp_path / "no"):
        with pytest.raises(FileError, match="no such file or folder"):
            find_source(place, s3)
    for place in (f"s3://{bucket}/no.parquet", f"s3://{bucket}/no/", str(tmp_path)):
        with pytest.raises(FileError, match="there is no Parquet or CSV file"):
            find_source(place, s3)


def test_other_files_are_named_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    (tmp_path / "b.sdf").touch()
    with pytest.raises(FileError, match=r"b\.sdf: a batch reads Parquet and CSV"):
        find_source(tmp_path, None)


@pytest.mark.parametrize(
    ("name", "beside"),
    [("a.parquet", "a"), ("a.b.csv.gz", "a.b"), ("x.csv", "x")],
)
def test_the_default_output_stands_beside_the_file(tmp_path: Path, name: str, beside: str) -> None:
    (tmp_path / name).touch()
    assert find_source(tmp_path / name, None).beside == str(tmp_path / f"{beside}.predicted")


def test_the_digest_tells_another_version_of_a_file(s3: Any, bucket: str) -> None:
    put(s3, bucket, "a.parquet", texts(0, 10))
    first = find_source(f"s3://{bucket}/a.parquet", s3).digest
    put(s3, bucket, "a.parquet", texts(1, 10))
    assert find_source(f"s3://{bucket}/a.parquet", s3).digest != first


def test_an_object_is_read_as_a_file_is(s3: Any, bucket: str) -> None:
    body = bytes(range(256)) * 10
    etag = s3.put_object(Bucket=bucket, Key="k", Body=body)["ETag"]
    mine, theirs = RangedObject(s3, f"s3://{bucket}/k", etag=etag, size=len(body)), io.BytesIO(body)
    for step in (
        lambda file: file.read(10),
        lambda file: file.seek(-5, io.SEEK_END),
        lambda file: file.read(100),
        lambda file: file.read(1),
        lambda file: file.seek(7),
        lambda file: file.seek(3, io.SEEK_CUR),
        lambda file: file.tell(),
        lambda file: file.read(),
    ):
        assert step(mine) == step(theirs)


def test_a_replaced_object_is_refused(s3: Any, bucket: str) -> None:
    put(s3, bucket, "a.parquet", texts(0, 100))
    source = find_source(f"s3://{bucket}/a.parquet", s3)
    schema = shape_of(source).schema
    put(s3, bucket, "a.parquet", texts(5, 100))
    with pytest.raises(FileError, match=r"a\.parquet: the file has changed"):
        list(read_pieces(source, schema, lambda number: True))


def test_a_batch_reads_and_writes_s3(s3: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(pieces, "PIECE_ROWS", 100)
    for number in range(2):
        put(s3, bucket, f"lib/{number}.parquet", texts(number * 250, 250))
    end = simulate(RuntimeSettings()).endpoint
    end._clients.__dict__["s3"] = s3  # the manifest is read already
    result = batch(end, f"s3://{bucket}/lib/", progress=False)
    assert (result.out, result.parts, result.predicted) == (f"s3://{bucket}/lib.predicted/", 6, 500)
    read = [
        pq.read_table(
            io.BytesIO(s3.get_object(Bucket=bucket, Key=f"lib.predicted/part-{number:05d}.parquet")["Body"].read())
        )
        for number in range(6)
    ]
    table = pa.concat_tables(read)
    assert table.column("smiles").to_pylist() == [f"C{number}" for number in range(500)]
    assert table.column("prediction").to_pylist() == [text_value(f"C{number}") for number in range(500)]
    s3.delete_object(Bucket=bucket, Key="lib.predicted/part-00003.parquet")
    again = batch(end, f"s3://{bucket}/lib/", progress=False)
    assert (again.resumed_parts, again.rows) == (5, 500)
