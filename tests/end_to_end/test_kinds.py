"""Promise: every kind of endpoint is deployed, updated and destroyed by the real CDK CLI as its declaration says, and
wakes from zero afterwards. Each test is the next step of one story; the local AWS's clock is moved by hand."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest
from botocore.exceptions import ClientError

from chem_endpoints import Endpoint
from chem_endpoints.client.user_folders import STATE_VARIABLE
from chem_endpoints.wire.bundle import read_archive, verify_archive, write_bundle
from chem_endpoints.wire.manifest import MANIFEST_NAME
from deployed_story import Story, begin_story

pytestmark = [pytest.mark.end_to_end, pytest.mark.thorough]

FOLDER = ".kinds-test"
BUNDLE = "examples/bundles/logs-v1.tar.gz"
NAMES = ("kinds-realtime", "kinds-async", "kinds-serverless", "kinds-component")
ROWS = pd.DataFrame({"smiles": ["CCO", "not a molecule", "c1ccccc1"]})


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What one call asks of IAM."""

    action: str
    resource: str
    prefix: str = ""
    """Of a listing: the request's ``prefix``."""


@pytest.fixture(scope="module")
def story(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with begin_story(root, tmp_path_factory, FOLDER) as begun:
        _declare_all(begun)
        yield begun


@pytest.fixture(autouse=True)
def aws_variables(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    story.enter(monkeypatch)


def _declare_all(story: Story) -> None:
    model = {"artifact": BUNDLE, "sha256": verify_archive(story.root / BUNDLE).digest}
    servings: dict[str, dict[str, Any]] = {
        "kinds-realtime": {
            "kind": "realtime",
            "instance_type": "ml.c7i.large",
            "workers": 1,
            "scaling": {"min": 1, "max": 2, "invocations_per_instance": 600},
        },
        "kinds-async": {
            "kind": "async",
            "instance_type": "ml.c7i.large",
            "workers": 1,
            "scaling": {"min": 0, "max": 2, "idle_minutes": 10},
        },
        "kinds-serverless": {"kind": "serverless", "memory_mb": 2048, "max_concurrency": 4},
        "kinds-component": {
            "kind": "inference_component",
            "instance_type": "ml.c7i.xlarge",
            "workers": 1,
            "memory_mb": 1024,
            "instances": {"max": 2},
            "scaling": {"min": 0, "max": 2, "invocations_per_copy": 60},
        },
    }
    for name, serving in servings.items():
        story.declare(name, {"model": model, "serving": serving})


def predicted(name: str) -> pd.DataFrame:
    """Three rows through the client: two molecules and one that is none."""
    answered = Endpoint(name).inference(ROWS)
    assert answered["prediction"].notna().tolist() == [True, False, True]
    assert answered["prediction_error"].iloc[1].startswith("invalid_smiles")
    return answered


def predicted_meanwhile(story: Story, name: str) -> pd.DataFrame:
    """The same while time passes, for an endpoint that may be asleep."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        answer = thread.submit(predicted, name)
        while not wait([answer], timeout=1).done:
            story.pass_minutes(1)
        return answer.result()


def target(story: Story, resource_id: str) -> dict[str, Any]:
    scaling = story.client("application-autoscaling")
    found = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[resource_id])
    (only,) = found["ScalableTargets"]
    return dict(only)


def instances(story: Story, name: str) -> int:
    described = story.client("sagemaker").describe_endpoint(EndpointName=name)
    return int(described["ProductionVariants"][0]["CurrentInstanceCount"])


def copies(story: Story) -> int:
    described = story.client("sagemaker").describe_inference_component(InferenceComponentName="kinds-component")
    return int(described["RuntimeConfig"]["CurrentCopyCount"])


def config_of(story: Story, name: str) -> dict[str, Any]:
    sagemaker = story.client("sagemaker")
    described = sagemaker.describe_endpoint(EndpointName=name)
    assert described["EndpointStatus"] == "InService"
    return dict(sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"]))


def test_every_kind_is_deployed_and_answers_alike(story: Story) -> None:
    story.cdk("deploy", *NAMES)
    first = predicted(NAMES[0])
    for name in NAMES[1:]:
        pd.testing.assert_series_equal(predicted(name)["prediction"], first["prediction"])


def test_what_is_described_is_what_was_declared(story: Story) -> None:
    (realtime,) = config_of(story, "kinds-realtime")["ProductionVariants"]
    assert (realtime["InstanceType"], realtime["InitialInstanceCount"]) == ("ml.c7i.large", 1)
    asynchronous = config_of(story, "kinds-async")
    assert asynchronous["AsyncInferenceConfig"]["ClientConfig"]["MaxConcurrentInvocationsPerInstance"] == 1
    assert asynchronous["AsyncInferenceConfig"]["OutputConfig"]["S3FailurePath"].endswith("/failure/")
    (serverless,) = config_of(story, "kinds-serverless")["ProductionVariants"]
    assert serverless["ServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 4}
    component = config_of(story, "kinds-component")
    (managed,) = component["ProductionVariants"]
    assert managed["ManagedInstanceScaling"] == {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 2}
    assert "ModelName" not in managed
    assert component["ExecutionRoleArn"].startswith("arn:aws:iam::123456789012:role/")
    assert component["EnableNetworkIsolation"] is True
    assert target(story, "endpoint/kinds-async/variant/AllTraffic")["MinCapacity"] == 0
    assert target(story, "inference-component/kinds-component")["MaxCapacity"] == 2


@pytest.mark.parametrize("name", NAMES)
def test_the_callers_policy_allows_every_call_of_the_client_and_names_the_endpoint(
    story: Story, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    session, calls = boto3.Session(), list[Asked]()
    session.events.register(
        "provide-client-params", lambda params, model, **_: calls.extend(_permissions_of(model, params, name))
    )
    end = Endpoint(name, session=session)
    answered = end.inference(ROWS, capture="policy")
    end.status()
    captured = end.captures(name="policy")
    assert captured["prediction"].tolist() == pytest.approx(answered["prediction"].tolist(), nan_ok=True)
    _submit_cancel_and_purge(end)
    allowed = _statements(story, f"chem-endpoints-{name}-callers-us-east-1")
    refused = [call for call in calls if not any(_allows(each, call) for each in allowed)]
    assert [call for call in refused if not _is_refused_on_purpose(call)] == []
    granted = [(statement, action, arn) for statement in allowed for action, arn in _pairs(statement)]
    idle = {
        (action, arn)
        for statement, action, arn in granted
        if not any(_allows({**statement, "Action": [action], "Resource": [arn]}, call) for call in calls)
    }
    assert {each for each in idle if not _is_used_unseen(each[0])} == set(), (
        "no permission that the client does not use"
    )


def _submit_cancel_and_purge(end: Endpoint) -> None:
    """The life of a job; of an async endpoint it lies in S3, of others on this machine."""
    done, given_up = end.submit(ROWS), end.submit(ROWS)
    assert done.result()["prediction"].notna().tolist() == [True, False, True]
    given_up.cancel()
    assert {job.id for job in end.jobs()} >= {done.id, given_up.id}
    done.purge()
    given_up.purge()
    assert not {job.id for job in end.jobs()} & {done.id, given_up.id}


def test_idle_endpoints_go_to_zero_and_wake_again(story: Story) -> None:
    assert instances(story, "kinds-async") == 1
    story.pass_minutes(12)
    assert instances(story, "kinds-async") == 0
    _wake_the_async_endpoint(story)
    story.pass_minutes(30)
    assert copies(story) == 0
    _wake_the_component(story)


def test_another_model_and_other_bounds_are_one_deployment(story: Story) -> None:
    digest = _other_bundle(story)
    for name in NAMES:
        declared = story.declared(name)
        declared["model"] = {"artifact": f"{FOLDER}/other.tar.gz", "sha256": digest}
        if "scaling" in declared["serving"]:
            declared["serving"]["scaling"]["max"] = 3
        if name == "kinds-component":
            declared["serving"]["instances"] = {"max": 3}
        story.declare(name, declared)
    story.cdk("deploy", *NAMES)
    for name in NAMES:
        assert predicted_meanwhile(story, name).attrs["report"]["model_sha256"] == digest
    for resource in ("endpoint/kinds-realtime/variant/AllTraffic", "endpoint/kinds-async/variant/AllTraffic"):
        assert target(story, resource)["MaxCapacity"] == 3
    assert target(story, "inference-component/kinds-component")["MaxCapacity"] == 3


@pytest.mark.parametrize("name", ["kinds-realtime", "kinds-async"])
def test_another_instance_type_takes_two_deployments_and_the_endpoint_still_scales(story: Story, name: str) -> None:
    story.change(name, instance_type="ml.c7i.xlarge")
    told = story.run("chem-endpoints", "plan", "--deployed", "--endpoints", story.declarations, status=2)
    assert "-c scaling=off" in told
    story.cdk("deploy", name, status=1)  # AWS refuses it in one step, and nothing has changed
    assert config_of(story, name)["ProductionVariants"][0]["InstanceType"] == "ml.c7i.large"
    assert target(story, f"endpoint/{name}/variant/AllTraffic")["MaxCapacity"] == 3
    story.run("chem-endpoints", "deploy", name, "--yes", "--endpoints", story.declarations)
    assert config_of(story, name)["ProductionVariants"][0]["InstanceType"] == "ml.c7i.xlarge"
    assert target(story, f"endpoint/{name}/variant/AllTraffic")["MaxCapacity"] == 3
    predicted_meanwhile(story, name)


def test_updated_endpoints_still_wake_from_zero(story: Story) -> None:
    story.pass_minutes(40)
    assert (instances(story, "kinds-async"), copies(story)) == (0, 0)
    _wake_the_async_endpoint(story)
    _wake_the_component(story)
    assert "Nothing changes." in story.run("chem-endpoints", "plan", "--deployed", "--endpoints", story.declarations)
    told = story.run("chem-endpoints", "doctor", *NAMES)
    assert told.count("healthy") == len(NAMES), told


def test_a_late_log_line_does_not_keep_an_endpoint_from_coming_back(story: Story) -> None:
    story.cdk("destroy", "kinds-realtime")
    with pytest.raises(ClientError):
        story.client("sagemaker").describe_endpoint(EndpointName="kinds-realtime")
    group = "/aws/sagemaker/Endpoints/kinds-realtime"
    logs = story.client("logs")
    logs.create_log_stream(logGroupName=group, logStreamName="late")
    logs.put_log_events(
        logGroupName=group, logStreamName="late", logEvents=[{"timestamp": 1_790_000_000_000, "message": "late"}]
    )
    story.cdk("deploy", "kinds-realtime")
    predicted("kinds-realtime")
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["retentionInDays"] == 7


def test_nothing_is_left_after_everything_is_destroyed(story: Story) -> None:
    story.cdk("destroy", *NAMES)
    sagemaker = story.client("sagemaker")
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    assert sagemaker.list_models()["Models"] == []
    assert sagemaker.list_inference_components()["InferenceComponents"] == []
    scaling = story.client("application-autoscaling")
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    assert story.client("cloudwatch").describe_alarms()["MetricAlarms"] == []


def _wake_the_async_endpoint(story: Story) -> None:
    """A request at zero waits in the queue until two minutes of it have woken an instance."""
    bucket, key = "chem-endpoints-123456789012-us-east-1", "kept-7-days/async/kinds-async/input/wake.csv"
    story.client("s3").put_object(Bucket=bucket, Key=key, Body=b"smiles\nCCO\n", ContentType="text/csv")
    invoked = story.client("sagemaker-runtime").invoke_endpoint_async(
        EndpointName="kinds-async", InputLocation=f"s3://{bucket}/{key}", ContentType="text/csv"
    )
    story.pass_minutes(4)
    waiter = story.client("s3").get_waiter("object_exists")
    waiter.wait(
        Bucket=bucket,
        Key=invoked["OutputLocation"].removeprefix(f"s3://{bucket}/"),
        WaiterConfig={"Delay": 1, "MaxAttempts": 60},
    )
    assert instances(story, "kinds-async") == 1


def _wake_the_component(story: Story) -> None:
    """A request at zero fails, and a minute later a copy starts."""
    with pytest.raises(ClientError, match="no capacity"):
        story.client("sagemaker-runtime").invoke_endpoint(
            EndpointName="kinds-component",
            InferenceComponentName="kinds-component",
            Body=b"smiles\nCCO\n",
            ContentType="text/csv",
        )
    story.pass_minutes(2)
    predicted("kinds-component")
    assert copies(story) == 1


def _permissions_of(model: Any, params: dict[str, Any], name: str) -> list[Asked]:
    """What an API call needs of IAM."""
    operation = model.name
    prefix = "arn:aws:sagemaker:us-east-1:123456789012:"
    if model.service_model.service_name == "s3":
        bucket = f"arn:aws:s3:::{params['Bucket']}"
        if operation == "ListObjectsV2":
            return [Asked(action="s3:ListBucket", resource=bucket, prefix=params["Prefix"])]
        if operation == "DeleteObjects":
            keys = [each["Key"] for each in params["Delete"]["Objects"]]
            return [Asked(action="s3:DeleteObject", resource=f"{bucket}/{key}") for key in keys]
        action = {"HeadObject": "GetObject"}.get(operation, operation)
        return [Asked(action=f"s3:{action}", resource=f"{bucket}/{params['Key']}")]
    if operation == "DescribeEndpointConfig":
        resources = [f"{prefix}endpoint-config/{params['EndpointConfigName']}"]
    else:
        resources = [f"{prefix}endpoint/{name}"]
    if "InferenceComponentName" in params:
        resources.append(f"{prefix}inference-component/{params['InferenceComponentName']}")
    return [Asked(action=f"sagemaker:{operation}", resource=resource) for resource in resources]


def _statements(story: Story, policy: str) -> list[dict[str, Any]]:
    iam, arn = story.client("iam"), f"arn:aws:iam::123456789012:policy/{policy}"
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return [
        {**each, **{key: [each[key]] if isinstance(each[key], str) else each[key] for key in ("Action", "Resource")}}
        for each in document["Statement"]
    ]


def _pairs(statement: dict[str, Any]) -> list[tuple[str, str]]:
    return [(action, arn) for action in statement["Action"] for arn in statement["Resource"]]


def _allows(statement: dict[str, Any], asked: Asked) -> bool:
    prefixes = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", ["*"])
    return (
        asked.action in statement["Action"]
        and any(fnmatchcase(asked.resource, arn) for arn in statement["Resource"])
        and any(fnmatchcase(asked.prefix, each) for each in ([prefixes] if isinstance(prefixes, str) else prefixes))
    )


def _is_refused_on_purpose(asked: Asked) -> bool:
    """Callers delete no answers: purging a job tries to, and says which objects stay until they expire."""
    return asked.action == "s3:DeleteObject" and "/output/" in asked.resource


def _is_used_unseen(action: str) -> bool:
    """S3 uses the key on the caller's behalf, and boto3 gives an upload up only when it breaks."""
    return action.startswith("kms:") or action == "s3:AbortMultipartUpload"


def _other_bundle(story: Story) -> str:
    """The same model with another description, which is another digest."""
    files = read_archive(story.root / BUNDLE)
    manifest = verify_archive(story.root / BUNDLE).manifest.model_copy(update={"description": "the same, told apart"})
    contents = {name: content for name, content in files.items() if name != MANIFEST_NAME}
    return write_bundle(story.folder / "other.tar.gz", manifest, contents)
