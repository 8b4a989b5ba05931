"""Promise: the bucket answers as S3 does, absent and hidden objects, conditional puts and faults included."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.faults.schedule import READS, Fault, FaultKind, Operation
from chem_endpoints.local.faults.settings import BUCKET
from simulated_calls import simulated


def test_objects_can_be_put_read_listed_and_removed() -> None:
    s3 = simulated().s3
    for key in ("a/2", "a/1", "a/3", "b/1"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode(), ContentType="text/plain", Metadata={"k": "v"})
    page = s3.list_objects_v2(Bucket=BUCKET, Prefix="a/", MaxKeys=2)
    assert [one["Key"] for one in page["Contents"]] == ["a/1", "a/2"]
    rest = s3.list_objects_v2(Bucket=BUCKET, Prefix="a/", ContinuationToken=page["NextContinuationToken"])
    assert [one["Key"] for one in rest["Contents"]] == ["a/3"]
    assert not rest["IsTruncated"]
    head = s3.head_object(Bucket=BUCKET, Key="a/1")
    assert (head["ContentLength"], head["ContentType"], head["Metadata"]) == (3, "text/plain", {"k": "v"})
    s3.delete_object(Bucket=BUCKET, Key="a/1")
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "a/2"}, {"Key": "never"}]})
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="a/")["KeyCount"] == 1


def test_an_object_is_put_once_when_it_must_be_new() -> None:
    s3 = simulated().s3
    s3.put_object(Bucket=BUCKET, Key="lock", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=BUCKET, Key="lock", Body=b"2", IfNoneMatch="*")
    assert s3.get_object(Bucket=BUCKET, Key="lock")["Body"].read() == b"1"


@pytest.mark.parametrize(
    ("hides", "read", "code"),
    [
        (False, "get_object", "NoSuchKey"),
        (False, "head_object", "404"),
        (True, "get_object", "AccessDenied"),
        (True, "head_object", "403"),
    ],
)
def test_an_absent_object_is_404_or_hidden(hides: bool, read: str, code: str) -> None:
    call: Callable[..., Any] = getattr(simulated(hides_absence=hides).s3, read)
    with pytest.raises(ClientError) as raised:
        call(Bucket=BUCKET, Key="absent")
    assert raised.value.response["Error"]["Code"] == code


def test_s3_faults_strike_what_they_name() -> None:
    faults = [
        Fault(kind=FaultKind.SLOW_DOWN, operations=frozenset({Operation.PUT}), calls=1),
        Fault(kind=FaultKind.S3_MISSING, operations=READS, until=5.0),
        Fault(kind=FaultKind.S3_FORBIDDEN, operations=READS, after=5.0, until=6.0),
    ]
    clients = simulated(*faults)
    with pytest.raises(ClientError, match="SlowDown"):
        clients.s3.put_object(Bucket=BUCKET, Key="k", Body=b"x")
    clients.s3.put_object(Bucket=BUCKET, Key="k", Body=b"x")
    with pytest.raises(ClientError, match="NoSuchKey"):
        clients.s3.get_object(Bucket=BUCKET, Key="k")
    clients.clock.spend(5)
    with pytest.raises(ClientError, match="AccessDenied"):
        clients.s3.get_object(Bucket=BUCKET, Key="k")
    clients.clock.spend(1)
    assert clients.s3.get_object(Bucket=BUCKET, Key="k")["Body"].read() == b"x"
