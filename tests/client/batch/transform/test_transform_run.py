"""Promise: a transform job is asked for as AWS documents it, is found again by a second call, and its answers are
joined to the rows; a job that failed is told and begun anew.

Control plane and S3 are moto's; nobody runs the jobs, so the test lays the answers where AWS says that they will be.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from chem_endpoints.client.aws import AwsClients, connect
from chem_endpoints.client.batch import batch, pieces
from chem_endpoints.client.batch.transform.job_request import Served, TransformOptions, job_name, job_request
from chem_endpoints.client.description import ClientSettings, EndpointDescription
from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.errors import AnswerMismatchError, InvalidInputError, ModelFailedError
from chem_endpoints.local.faults.simple_models import text_release, text_value
from chem_endpoints.wire import codec
from chem_endpoints.wire.columns import PREDICTION, PREDICTION_ERROR, ROW_NUMBER
from chem_endpoints.wire.content_types import JSON_LINES

BUCKET = "libraries"
NAME = "logs-v1"
OUT = f"s3://{BUCKET}/lib.predicted/"


@dataclass(frozen=True)
class Account:
    """What moto stands for."""

    endpoint: Endpoint
    clients: AwsClients

    def names(self, prefix: str) -> list[str]:
        found = self.clients.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"lib.predicted/{prefix}")
        return [one["Key"].removeprefix("lib.predicted/") for one in found.get("Contents", [])]

    def get(self, name: str) -> bytes:
        return bytes(self.clients.s3.get_object(Bucket=BUCKET, Key=f"lib.predicted/{name}")["Body"].read())

    def jobs(self) -> list[dict[str, Any]]:
        listed = self.clients.sagemaker.list_transform_jobs()["TransformJobSummaries"]
        describe = self.clients.sagemaker.describe_transform_job
        return [describe(TransformJobName=one["TransformJobName"]) for one in listed]

    def work(self) -> None:
        """What SageMaker does: each line is answered by the model, and ``.out`` goes behind the name of the input."""
        for name in self.names("_transform/input/"):
            rows = codec.decode(self.get(name), JSON_LINES)
            answer = rows.assign(
                **{
                    PREDICTION: [text_value(text) for text in rows["smiles"]],
                    PREDICTION_ERROR: ["" for _ in rows["smiles"]],
                }
            )
            body = codec.encode(answer, JSON_LINES)
            key = f"lib.predicted/{name.replace('input', 'output')}.out"
            self.clients.s3.put_object(Bucket=BUCKET, Key=key, Body=body)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setattr(pieces, "PIECE_ROWS", 10)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        clients = connect(boto3.Session(), connections=4)
        clients.s3.create_bucket(Bucket=BUCKET)
        role = "arn:aws:iam::123456789012:role/model"
        clients.sagemaker.create_model(
            ModelName="logs-model", ExecutionRoleArn=role, PrimaryContainer={"Image": "1.dkr.ecr/x:1"}
        )
        clients.sagemaker.create_endpoint_config(
            EndpointConfigName="c",
            ProductionVariants=[
                {
                    "VariantName": "AllTraffic",
                    "ModelName": "logs-model",
                    "InstanceType": "ml.c5.xlarge",
                    "InitialInstanceCount": 1,
                }
            ],
        )
        clients.sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName="c")
        put_source(clients.s3, [f"C{number}" for number in range(25)])
        yield Account(endpoint=described(clients), clients=clients)


def described(clients: AwsClients) -> Endpoint:
    """The endpoint; what its tags would tell is told here."""
    release = text_release()
    endpoint = Endpoint(NAME, clients=clients)
    endpoint.__dict__["description"] = EndpointDescription(
        name=NAME,
        kind="realtime",
        manifest=release.manifest,
        digest="ab" * 32,
        settings=ClientSettings(),
        captured=False,
        input_uri=None,
    )
    endpoint.__dict__["model_digest"] = lambda: "ab" * 32
    return endpoint


def put_source(s3: Any, texts: list[str | None]) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"id": list(range(len(texts))), "smiles": texts}), file)
    s3.put_object(Bucket=BUCKET, Key="lib.parquet", Body=file.getvalue())


def run(account: Account, **options: Any) -> Any:
    return batch(account.endpoint, f"s3://{BUCKET}/lib.parquet", method="transform", progress=False, **options)


def test_the_job_is_asked_for_once_and_its_answers_joined(account: Account) -> None:
    with pytest.raises(ModelFailedError, match=r"_transform/output/00000\.jsonl\.out is not there"):
        run(account)
    assert account.names("_transform/input/") == [f"_transform/input/{number:05d}.jsonl" for number in range(3)]
    account.work()
    result = run(account)
    (job,) = account.jobs()
    assert (job["ModelName"], job["BatchStrategy"], job["MaxPayloadInMB"]) == ("logs-model", "MultiRecord", 1)
    assert job["TransformInput"]["DataSource"]["S3DataSource"] == {
        "S3DataType": "S3Prefix",
        "S3Uri": f"{OUT}_transform/input/",
    }
    assert job["TransformInput"]["SplitType"] == job["TransformOutput"]["AssembleWith"] == "Line"
    assert job["TransformOutput"]["S3OutputPath"] == f"{OUT}_transform/output"
    assert job["TransformInput"]["ContentType"] == job["TransformOutput"]["Accept"] == JSON_LINES
    assert job["TransformResources"] == {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1}
    assert (result.out, result.parts, result.rows, result.predicted) == (OUT, 3, 25, 25)
    parts = [pq.read_table(io.BytesIO(account.get(f"part-{number:05d}.parquet"))) for number in range(3)]
    table = pa.concat_tables(parts)
    assert table.column_names == ["id", "smiles", PREDICTION, PREDICTION_ERROR]
    assert table.column("id").to_pylist() == list(range(25))
    assert table.column(PREDICTION).to_pylist() == [text_value(f"C{number}") for number in range(25)]
    assert account.names("_transform") == []
    assert run(account).resumed_parts == 3
    assert len(account.jobs()) == 1


def test_only_the_models_columns_travel_with_a_row_number(account: Account) -> None:
    with pytest.raises(ModelFailedError):
        run(account)
    sent = codec.decode(account.get("_transform/input/00001.jsonl"), JSON_LINES)
    assert sent.columns.tolist() == [ROW_NUMBER, "smiles"]
    assert sent[ROW_NUMBER].tolist() == list(range(10))
    assert sent["smiles"].tolist() == [f"C{number}" for number in range(10, 20)]


def test_an_answer_with_a_row_too_few_is_refused(account: Account) -> None:
    with pytest.raises(ModelFailedError):
        run(account)
    account.work()
    whole = account.get("_transform/output/00001.jsonl.out")
    short = b"".join(whole.splitlines(keepends=True)[:-1])
    account.clients.s3.put_object(Bucket=BUCKET, Key="lib.predicted/_transform/output/00001.jsonl.out", Body=short)
    with pytest.raises(AnswerMismatchError):
        run(account)
    assert account.names("part-") == ["part-00000.parquet"]


def test_a_failed_job_is_told_and_the_next_call_begins_another(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    sagemaker, failed = account.clients.sagemaker, set[str]()
    describe = sagemaker.describe_transform_job

    def failing(*, TransformJobName: str) -> Any:  # noqa: N803 - boto3's name
        found = describe(TransformJobName=TransformJobName)
        reason = {"TransformJobStatus": "Failed", "FailureReason": "AlgorithmError: see the log"}
        return {**found, **reason} if not failed or TransformJobName in failed else found

    monkeypatch.setattr(sagemaker, "describe_transform_job", failing)
    with pytest.raises(ModelFailedError, match="AlgorithmError: see the log"):
        run(account)
    failed.update(one["TransformJobName"] for one in sagemaker.list_transform_jobs()["TransformJobSummaries"])
    account.work()
    assert run(account).predicted == 25
    assert len(account.jobs()) == 2


def test_what_a_transform_job_cannot_do_is_refused(account: Account, tmp_path: Any) -> None:
    with pytest.raises(InvalidInputError, match="source must be s3://"):
        batch(account.endpoint, tmp_path / "a.parquet", method="transform")
    with pytest.raises(InvalidInputError, match="out must be s3://"):
        run(account, out=tmp_path)
    with pytest.raises(InvalidInputError, match="sends no options"):
        run(account, explain=True)


def test_rows_of_a_slow_model_travel_alone_and_instances_must_be_known() -> None:
    def request(row_seconds: float | None, instance_type: str | None) -> dict[str, Any]:
        served = Served(model="m", instance_type=instance_type)
        machines = TransformOptions(instances=3)
        return job_request("j", served, machines, offered=["ml.m5.large"], place=OUT, row_seconds=row_seconds)

    assert request(None, "ml.m5.large")["BatchStrategy"] == "MultiRecord"
    assert request(20.0, "ml.m5.large")["BatchStrategy"] == "SingleRecord"
    assert request(20.0, "ml.m5.large")["TransformResources"]["InstanceCount"] == 3
    with pytest.raises(InvalidInputError, match="say instance_type"):
        request(None, None)
    with pytest.raises(InvalidInputError, match=r"do not run on ml\.c5\.large.*say instance_type"):
        request(None, "ml.c5.large")


def test_job_names_are_those_that_sagemaker_takes() -> None:
    name = job_name("x" * 63, place=OUT, record=b"r", attempt=12)
    assert len(name) <= 63
    assert name.endswith("-12")
    assert name != job_name("x" * 63, place=OUT, record=b"s", attempt=12)
