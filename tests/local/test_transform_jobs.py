"""Promise: a transform job does what CreateTransformJob asks for, and ends as AWS documents it."""

import gzip
import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]
JSON_LINES = "application/jsonlines"
GROUP = "/aws/sagemaker/TransformJobs"


class Batch:
    """Runs transform jobs over objects of one bucket."""

    def __init__(self, client: Clients, deployer: Any, folder: Path) -> None:
        self.sagemaker, self.s3, self.logs = client("sagemaker"), client("s3"), client("logs")
        self.deployer, self.folder = deployer, folder
        self.bucket = f"b-{uuid.uuid4().hex[:8]}"
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, **objects: bytes) -> None:
        for name, body in objects.items():
            self.s3.put_object(Bucket=self.bucket, Key=f"in/{name}", Body=body)

    def names(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return [one["Key"] for one in found]

    def get(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def begin(
        self,
        *,
        name: str | None = None,
        given: Any = None,
        written: Any = None,
        model: Any = None,
        count: int = 1,
        **more: Any,
    ) -> str:
        name = name or f"job-{uuid.uuid4().hex[:8]}"
        environment = {"STAND_IN_KIND": "lines", "LINES_FOLDER": str(self.folder), **(model or {})}
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/in/", **(given or {}).pop("source", {})}
        request = {
            "TransformJobName": name,
            "ModelName": self.deployer.model(environment=environment),
            "TransformInput": {
                "DataSource": {"S3DataSource": source},
                "ContentType": JSON_LINES,
                "SplitType": "Line",
                **(given or {}),
            },
            "TransformOutput": {
                "S3OutputPath": f"s3://{self.bucket}/out",
                "Accept": JSON_LINES,
                "AssembleWith": "Line",
                **(written or {}),
            },
            "TransformResources": {"InstanceType": "ml.c5.xlarge", "InstanceCount": count},
        }
        self.sagemaker.create_transform_job(**request, **more)
        return name

    def ended(self, name: str) -> dict[str, Any]:
        while True:
            found: dict[str, Any] = self.sagemaker.describe_transform_job(TransformJobName=name)
            if found["TransformJobStatus"] not in ("InProgress", "Stopping"):
                return found
            time.sleep(0.05)

    def run(self, **settings: Any) -> dict[str, Any]:
        return self.ended(self.begin(**settings))

    def completed(self, **settings: Any) -> dict[str, Any]:
        found = self.run(**settings)
        assert found["TransformJobStatus"] == "Completed", found
        return found

    def seen(self) -> list[dict[str, Any]]:
        """What the containers were sent, in its order."""
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("seen-*"))]

    def wait_for_requests(self, count: int) -> None:
        deadline = time.monotonic() + 20
        while len(list(self.folder.glob("seen-*"))) < count:
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def batch(client: Clients, deployer: Any, tmp_path: Path) -> Batch:
    return Batch(client, deployer, tmp_path)


def test_every_line_of_every_object_is_answered_in_its_place(batch: Batch) -> None:
    batch.put(**{"a.jsonl": b'{"x":1}\n{"x":22}\n', "deep/b.jsonl": b'{"x":333}'})
    found = batch.completed()
    assert batch.names("out/") == ["out/a.jsonl.out", "out/deep/b.jsonl.out"]
    assert batch.get("out/a.jsonl.out") == b'{"length":7}\n{"length":8}\n'
    assert batch.get("out/deep/b.jsonl.out") == b'{"length":9}\n'
    assert [one["body"] for one in batch.seen()] == ['{"x":1}\n{"x":22}\n', '{"x":333}']
    headers = batch.seen()[0]["headers"]
    assert (headers["Content-Type"], headers["Accept"]) == (JSON_LINES, JSON_LINES)
    assert found["CreationTime"] <= found["TransformStartTime"] <= found["TransformEndTime"]
    assert found["TransformInput"]["CompressionType"] == "None"
    assert "FailureReason" not in found


def test_single_record_and_none_and_gzip(batch: Batch) -> None:
    batch.put(**{"a.gz": gzip.compress(b"ab\ncde\n")})
    plain = {"ContentType": "text/csv", "CompressionType": "Gzip"}
    batch.completed(given=plain, written={"Accept": "text/csv"}, BatchStrategy="SingleRecord")
    assert batch.get("out/a.gz.out") == b"2\n3\n"
    assert [one["body"] for one in batch.seen()] == ["ab\n", "cde\n"]
    batch.completed(given={**plain, "SplitType": "None"}, written={"Accept": "text/csv", "AssembleWith": "None"})
    assert batch.get("out/a.gz.out") == b"2\n3"
    assert batch.seen()[-1]["body"] == "ab\ncde\n"


def test_a_manifest_names_the_objects(batch: Batch) -> None:
    batch.put(a=b"1\n", b=b"22\n", c=b"333\n")
    manifest = [{"prefix": f"s3://{batch.bucket}/in/"}, "a", "c"]
    batch.s3.put_object(Bucket=batch.bucket, Key="manifest", Body=json.dumps(manifest).encode())
    batch.completed(given={"source": {"S3DataType": "ManifestFile", "S3Uri": f"s3://{batch.bucket}/manifest"}})
    assert batch.names("out/") == ["out/a.out", "out/c.out"]


def test_requests_are_as_large_and_as_many_as_may_be(batch: Batch) -> None:
    line = b"x" * 300_000 + b"\n"
    batch.put(a=line * 10)
    batch.completed(MaxPayloadInMB=1, MaxConcurrentTransforms=2)
    seen = batch.seen()
    assert [one["body"].count("\n") for one in seen] in ([3, 3, 3, 1], [3, 3, 1, 3])
    assert max(one["running"] for one in seen) <= 2
    assert batch.get("out/a.out") == b'{"length":300000}\n' * 10


def test_so_many_requests_run_at_once_and_answers_keep_the_order(batch: Batch) -> None:
    batch.put(a=b"wait\n" + b"bb\nccc\n")
    name = batch.begin(MaxConcurrentTransforms=3, BatchStrategy="SingleRecord")
    batch.wait_for_requests(3)
    (batch.folder / "go").touch()
    assert batch.ended(name)["TransformJobStatus"] == "Completed"
    assert batch.get("out/a.out") == b'{"length":4}\n{"length":2}\n{"length":3}\n'


def test_the_container_is_asked_how_it_wants_to_be_asked(batch: Batch) -> None:
    batch.put(a=b"1\n2\n")
    told = json.dumps({"MaxConcurrentTransforms": 1, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 6})
    batch.completed(model={"LINES_PARAMETERS": told})
    assert len(batch.seen()) == 2
    batch.completed(model={"LINES_PARAMETERS": told}, BatchStrategy="MultiRecord")
    assert len(batch.seen()) == 3, "What the caller asks for comes first."


def test_instances_share_the_objects_and_end_with_the_job(batch: Batch) -> None:
    batch.put(a=b"wait\n", b=b"wait\n", c=b"1\n")
    name = batch.begin(count=2)
    batch.wait_for_requests(2)
    (batch.folder / "go").touch()
    assert batch.ended(name)["TransformJobStatus"] == "Completed"
    pids = {one["pid"] for one in batch.seen()}
    assert len(pids) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_variables_of_the_job_win_over_the_models(batch: Batch, tmp_path: Path) -> None:
    batch.put(a=b"1\n")
    other = tmp_path / "other"
    other.mkdir()
    batch.completed(Environment={"LINES_FOLDER": str(other)})
    assert not batch.seen()
    assert len(list(other.glob("seen-*"))) == 1


def test_records_are_filtered_and_joined(batch: Batch) -> None:
    batch.put(a=b'{"id":7,"features":[1,2]}\n{"id":8,"features":[1,2,3]}\n')
    processing = {"InputFilter": "$.features", "JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"}
    batch.completed(DataProcessing=processing)
    assert batch.seen()[0]["body"] == "[1,2]\n[1,2,3]\n"
    assert batch.get("out/a.out") == (
        b'{"id":7,"SageMakerOutput":{"length":5}}\n{"id":8,"SageMakerOutput":{"length":7}}\n'
    )


def test_a_failure_of_one_object_fails_the_job_but_not_the_others(batch: Batch) -> None:
    batch.put(a=b"status=400\n", b=b"fine\n")
    found = batch.run()
    assert found["TransformJobStatus"] == "Failed"
    assert found["FailureReason"] == (
        f"ClientError: Bad HTTP status received from algorithm: 400 ({batch.bucket}/in/a). "
        "See job logs for more information"
    )
    assert batch.names("out/") == ["out/b.out"]
    assert len(batch.seen()) == 2, "What the caller did wrong is not sent again."


@pytest.mark.parametrize(("retries", "requests"), [(0, 1), (2, 3)])
def test_what_the_container_does_wrong_is_sent_again_as_often_as_asked(
    batch: Batch, retries: int, requests: int
) -> None:
    batch.put(a=b"status=500\n")
    found = batch.run(ModelClientConfig={"InvocationsMaxRetries": retries})
    assert found["FailureReason"].startswith("AlgorithmError: Bad HTTP status received from algorithm: 500")
    assert len(batch.seen()) == requests


def test_a_failure_that_passes_is_none(batch: Batch) -> None:
    batch.put(a=b"once\n")
    batch.completed()
    assert batch.get("out/a.out") == b'{"length":4}\n'


def test_a_request_that_takes_too_long_fails(batch: Batch) -> None:
    batch.put(a=b"wait\n")
    found = batch.run(ModelClientConfig={"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 0})
    assert "timed out" in found["FailureReason"]


@pytest.mark.parametrize(
    ("body", "settings", "reason"),
    [
        (b"die\n", {}, "AlgorithmError: The container ended with exit code 9"),
        (b"x" * (1 << 20) + b"x\n", {"MaxPayloadInMB": 1}, "ClientError: Too much data for max payload size"),
        (b'"short"\n2\n', {"DataProcessing": {"JoinSource": "Input"}}, "AlgorithmError: The answer to a mini-batch"),
        (b'{"x":1}\n', {"DataProcessing": {"InputFilter": "$.id"}}, "ClientError: InputFilter: a record has no attri"),
        (b"1\n", {"given": {"CompressionType": "Gzip"}}, "is not compressed with gzip"),
        (b"1\n", {"given": {"source": {"S3Uri": "s3://models/no/such/"}}}, "ClientError: No S3 objects found under"),
        (b"1\n", {"given": {"source": {"S3Uri": "s3://no-such-bucket/a"}}}, "refuses to list .* NoSuchBucket"),
        (b"1\n", {"written": {"S3OutputPath": "s3://no-such-bucket/a"}}, "Failed to upload the output .* NoSuchBucket"),
        (b"1\n", {"model": {"STAND_IN_KIND": "", "STAND_IN_FAULT": "exit"}}, "AlgorithmError: .*ping health check"),
    ],
    ids=["death", "size", "short", "filter", "gzip", "empty", "bucket", "output", "start"],
)
def test_why_a_job_failed_is_told(batch: Batch, body: bytes, settings: dict[str, Any], reason: str) -> None:
    batch.put(a=body)
    found = batch.run(**settings)
    assert found["TransformJobStatus"] == "Failed"
    assert re.search(reason, found["FailureReason"]), found["FailureReason"]
    assert not batch.names("out/")


def test_a_job_is_stopped(batch: Batch) -> None:
    batch.put(a=b"wait\n")
    name = batch.begin()
    batch.wait_for_requests(1)
    batch.sagemaker.stop_transform_job(TransformJobName=name)
    found = batch.ended(name)
    assert found["TransformJobStatus"] == "Stopped"
    assert not batch.names("out/")
    assert not Path(f"/proc/{batch.seen()[0]['pid']}").exists()
    with pytest.raises(ClientError, match="in status Stopped"):
        batch.sagemaker.stop_transform_job(TransformJobName=name)


def test_a_job_is_found_by_its_name_and_listed(batch: Batch) -> None:
    with pytest.raises(ClientError, match="Could not find requested job with name: nobody"):
        batch.sagemaker.describe_transform_job(TransformJobName="nobody")
    batch.put(a=b"1\n")
    name = batch.begin(Tags=[{"Key": "team", "Value": "chem"}])
    found = batch.ended(name)
    arn = found["TransformJobArn"]
    assert batch.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "chem"}]
    other = batch.begin()
    batch.ended(other)
    pages = batch.sagemaker.get_paginator("list_transform_jobs").paginate(
        NameContains="job-", StatusEquals="Completed", PaginationConfig={"PageSize": 1}
    )
    listed = [one["TransformJobName"] for page in pages for one in page["TransformJobSummaries"]]
    assert listed[:2] == [other, name], "The youngest comes first."
    after = batch.sagemaker.list_transform_jobs(CreationTimeAfter=found["TransformEndTime"])["TransformJobSummaries"]
    assert [one["TransformJobName"] for one in after] == [other]


def test_a_name_is_used_once(batch: Batch) -> None:
    batch.put(a=b"1\n")
    first = batch.completed()
    again = {k: v for k, v in first.items() if k in ("ModelName", "TransformInput", "TransformOutput")}
    with pytest.raises(ClientError) as caught:
        batch.sagemaker.create_transform_job(
            TransformJobName=first["TransformJobName"], TransformResources=first["TransformResources"], **again
        )
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"MaxPayloadInMB": 101}, "must not be greater than 100"),
        ({"MaxPayloadInMB": 51, "MaxConcurrentTransforms": 2}, "must not be greater than 100 MB"),
        ({"given": {"SplitType": "RecordIO"}}, "does not emulate SplitType RecordIO"),
        ({"given": {"SplitType": "Word"}}, "'Word' at 'transformInput.splitType' failed to satisfy constraint"),
        ({"name": "../../up"}, "'../../up' at 'transformJobName' failed to satisfy constraint: .* regular expression"),
        ({"ModelClientConfig": {"InvocationsMaxRetries": 4}}, "'4' at 'modelClientConfig.invocationsMaxRetries'"),
        ({"Environment": {f"V{number}": "x" for number in range(17)}}, "at 'environment' .* less than or equal to 16"),
        ({"given": {"source": {"S3DataType": "AugmentedManifestFile"}}}, "not for transform jobs"),
        ({"given": {"ContentType": "x/y"}, "DataProcessing": {"JoinSource": "Input"}}, "ContentType must be one of"),
        ({"DataProcessing": {"InputFilter": "$[1:4]"}}, "does not understand"),
        ({"DataCaptureConfig": {"DestinationS3Uri": "s3://b/c", "GenerateInferenceId": True}}, "GenerateInferenceId"),
    ],
    ids=[
        "payload",
        "product",
        "split",
        "enumeration",
        "name",
        "retries",
        "environment",
        "augmented",
        "type",
        "filter",
        "inference-id",
    ],
)
def test_what_is_not_taken_is_refused_at_once(batch: Batch, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message) as caught:
        batch.begin(**settings)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_model_that_is_not_there_is_refused(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch.deployer, "model", lambda **_: "nobody")
    with pytest.raises(ClientError, match=r'Could not find model ".*:model/nobody"'):
        batch.begin()


def test_capture_writes_manifests_and_not_the_data_again(batch: Batch) -> None:
    batch.put(a=b"1\n", b=b"2\n")
    found = batch.completed(DataCaptureConfig={"DestinationS3Uri": f"s3://{batch.bucket}/captured"})
    hour = f"{found['CreationTime'].astimezone(UTC):%Y/%m/%d/%H}"
    (given,), (answered,) = batch.names(f"captured/input/{hour}/"), batch.names(f"captured/output/{hour}/")
    assert json.loads(batch.get(given)) == [{"prefix": f"s3://{batch.bucket}/in/"}, "a", "b"]
    assert json.loads(batch.get(answered)) == [{"prefix": f"s3://{batch.bucket}/out/"}, "a.out", "b.out"]


def test_the_log_group_has_what_container_and_job_say(batch: Batch) -> None:
    batch.put(a=b"status=400\n")
    name = batch.begin()
    batch.ended(name)
    streams = batch.logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["logStreams"]
    said = {
        stream["logStreamName"].endswith("/data-log"): [
            event["message"]
            for event in batch.logs.get_log_events(logGroupName=GROUP, logStreamName=stream["logStreamName"])["events"]
        ]
        for stream in streams
    }
    assert said[False] == ["line server starts"]
    text = "\n".join(said[True])
    assert "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD" in text
    assert f"{batch.bucket}/in/a: Bad HTTP status received from algorithm: 400" in text
    assert "a bad row" in text


_IDLE = """
import sys, time
from pathlib import Path
from chem_endpoints.local.assembly import assemble
from chem_endpoints.local.settings import Settings
from chem_endpoints.local.transform_job import TransformJob

parts = assemble(Settings(root=Path(sys.argv[1])), 1)
time.sleep(0.01)
before = parts.front_door.idle_seconds
job = TransformJob(request=None, parameters={})
parts.transforms._jobs["us-east-1", "j"] = job
during = parts.front_door.idle_seconds
job.settle("Completed")
print(before > 0, during == 0, parts.front_door.idle_seconds > 0)
"""


def test_a_local_aws_with_a_running_job_is_not_idle(tmp_path: Path) -> None:
    told = subprocess.run([sys.executable, "-c", _IDLE, str(tmp_path)], capture_output=True, text=True, check=False)
    assert told.stdout.split() == ["True"] * 3, told.stderr
