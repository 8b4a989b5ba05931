"""Promise: `list` and `status` tell of every endpoint that we deployed what AWS says of it, and of nobody else's."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from chem_endpoints.cli.main import main
from chem_endpoints.client.listing import TAG_PREFIX, list_endpoints, look_up
from chem_endpoints.errors import EndpointNotFoundError
from chem_endpoints.wire import tags
from chem_endpoints.wire.manifest import model_digest
from manifests import small_manifest

pytestmark = pytest.mark.end_to_end
MANIFEST = small_manifest().to_bytes()
OURS = {
    tags.MANIFEST_URI: "s3://models/listing/manifest.json",
    tags.MODEL_SHA256: model_digest(MANIFEST),
    tags.WIRE: tags.WIRE_VERSION,
}


@pytest.fixture
def session(client_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    for name, value in client_environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    return boto3.Session()


@pytest.fixture(scope="module")
def deployed(deployer: Any, client: Callable[[str], Any]) -> list[str]:
    """Ours, ours without a manifest, ours whose manifest is gone, somebody else's."""
    client("s3").put_object(Bucket="models", Key="listing/manifest.json", Body=MANIFEST)
    gone = {**OURS, tags.MANIFEST_URI: "s3://models/listing/gone.json"}
    told = {"listed-1": OURS, "listed-2": {f"{TAG_PREFIX}endpoint": "listed-2"}, "listed-3": gone, "theirs": {"a": "b"}}
    for name, tagged in told.items():
        arn = deployer.endpoint(name, label="x")["EndpointArn"]
        deployer.sagemaker.add_tags(
            ResourceArn=arn, Tags=[{"Key": key, "Value": value} for key, value in tagged.items()]
        )
    return list(told)


@pytest.mark.usefixtures("deployed")
def test_ours_are_listed_whatever_is_wrong_with_one(session: boto3.Session) -> None:
    found = {endpoint.name: endpoint for endpoint in list_endpoints(session)}
    assert list(found) == ["listed-1", "listed-2", "listed-3"]
    first = found["listed-1"]
    assert (first.kind, first.status, first.running, first.problem) == ("realtime", "InService", 1, "")
    assert (first.model_sha256, first.targets, first.task) == (OURS[tags.MODEL_SHA256], ("y",), "regression")
    assert "no tag chem-endpoints:manifest" in found["listed-2"].problem
    assert "is gone; deploy the endpoint again" in found["listed-3"].problem


@pytest.mark.usefixtures("deployed")
def test_one_is_looked_up_by_its_name(session: boto3.Session) -> None:
    assert look_up("theirs", session).kind == "realtime"
    with pytest.raises(EndpointNotFoundError):
        look_up("nobody", session)


@pytest.mark.usefixtures("deployed", "session")
def test_the_commands_print_it_for_people_and_for_programs() -> None:
    def run(*words: str) -> Result:
        return CliRunner().invoke(main, list(words))

    lines = run("list").stdout.splitlines()
    assert lines[0].split() == ["name", "kind", "status", "model", "target"]
    assert lines[1].split() == ["listed-1", "realtime", "InService", OURS[tags.MODEL_SHA256][:12], "y"]
    listed = json.loads(run("list", "--json").stdout)
    assert [endpoint["name"] for endpoint in listed] == ["listed-1", "listed-2", "listed-3"]
    told = json.loads(run("status", "listed-1", "--json").stdout)
    assert told == listed[0]
    assert list(told) == ["name", "status", "kind", "running", "model_sha256", "task", "targets", "problem"]
    assert run("status", "listed-1").stdout.splitlines()[:4] == [
        "name          listed-1",
        "status        InService",
        "kind          realtime",
        "running       1",
    ]
    assert run("status", "nobody").exit_code == 1
