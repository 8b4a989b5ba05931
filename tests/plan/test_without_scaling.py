"""Promise: the first of two steps takes the scaling away and nothing else, as an assembly that the CDK CLI deploys."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.plan.assembly import AssemblyError, read_assembly
from chem_endpoints.plan.changes import resource_changes
from chem_endpoints.plan.deployed import DeployedStack
from chem_endpoints.plan.refusals import refusals
from chem_endpoints.plan.template import Template
from chem_endpoints.plan.without_scaling import without_scaling, write_assembly

Body = dict[str, Any]
STACK = "ChemEndpoints-logs-v1"


def test_only_scaling_goes(body: Body) -> None:
    changes = resource_changes(Template(body=body), Template(body=without_scaling(body)))
    assert {one.logical_id: str(one.action) for one in changes} == {
        "Target": "remove",
        "Scaling": "remove",
        "WakeAlarm": "remove",
    }


def test_the_given_template_stays_as_it_is(body: Body) -> None:
    before = json.dumps(body)
    without_scaling(body)
    assert json.dumps(body) == before


def test_afterwards_one_step_is_enough(body: Body) -> None:
    larger = json.loads(json.dumps(body).replace("ml.m5.large", "ml.m5.xlarge"))
    assert refusals(Template(body=body), Template(body=larger))
    assert refusals(Template(body=without_scaling(body)), Template(body=larger)) == ()


def test_an_alarm_that_also_tells_somebody_stays_and_no_longer_scales(body: Body) -> None:
    topic = "arn:aws:sns:us-east-1:111122223333:alarms"
    body["Resources"]["WakeAlarm"]["Properties"]["AlarmActions"].append(topic)
    kept = without_scaling(body)["Resources"]["WakeAlarm"]
    assert kept["Properties"]["AlarmActions"] == [topic]


def test_an_alarm_without_any_action_stays(body: Body) -> None:
    body["Resources"]["ErrorAlarm"]["Properties"]["AlarmActions"] = []
    assert "ErrorAlarm" in without_scaling(body)["Resources"]


def test_nothing_refers_to_what_is_gone(body: Body) -> None:
    body["Resources"]["ErrorAlarm"]["DependsOn"] = ["Target", "Endpoint"]
    body["Resources"]["Role"]["DependsOn"] = "Scaling"
    body["Outputs"] = {"Policy": {"Value": {"Ref": "Scaling"}}, "Name": {"Value": "logs-v1"}}
    template = without_scaling(body)
    assert template["Resources"]["ErrorAlarm"]["DependsOn"] == ["Endpoint"]
    assert "DependsOn" not in template["Resources"]["Role"]
    assert list(template["Outputs"]) == ["Name"]


@pytest.fixture
def like(tmp_path: Path, body: Body) -> Path:
    """An assembly as the CDK writes it, of the declarations."""
    folder = tmp_path / "declared"
    folder.mkdir()
    template = f"{STACK}.template.json"
    (folder / template).write_text(json.dumps(body))
    place = {"bucketName": "assets", "objectKey": "old.json", "region": "us-east-1"}
    files = {
        "model": {"source": {"path": "asset.tar.gz"}, "destinations": {"here": {**place, "objectKey": "model.gz"}}},
        "old": {"source": {"path": template}, "destinations": {"here": place}},
    }
    assets = {"version": "55.0.0", "files": files, "dockerImages": {"image": {}}}
    (folder / f"{STACK}.assets.json").write_text(json.dumps(assets))
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://111122223333/us-east-1",
        "properties": {
            "templateFile": template,
            "tags": {"owner": "new"},
            "assumeRoleArn": "arn:aws:iam::111122223333:role/deploy",
            "stackTemplateAssetObjectUrl": "s3://assets/old.json",
        },
        "dependencies": ["ChemEndpoints-foundation", f"{STACK}.assets"],
        "metadata": {"/x": []},
    }
    manifest = {
        "version": "55.0.0",
        "artifacts": {
            f"{STACK}.assets": {"type": "cdk:asset-manifest", "properties": {"file": f"{STACK}.assets.json"}},
            STACK: stack,
        },
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_the_assembly_holds_this_stack_alone_as_it_is_deployed(tmp_path: Path, body: Body, like: Path) -> None:
    folder = tmp_path / "first"
    deployed = DeployedStack(template=Template(body=body), tags={"owner": "old"})
    write_assembly(folder, stack=STACK, deployed=deployed, like=like)
    assembly = read_assembly(folder)
    assert (assembly.account, assembly.region) == ("111122223333", "us-east-1")
    assert {name: template.body for name, template in assembly.templates.items()} == {STACK: without_scaling(body)}
    artifact = json.loads((folder / "manifest.json").read_text())["artifacts"][STACK]
    assert artifact["dependencies"] == [f"{STACK}.assets"]
    assert artifact["properties"]["tags"] == {"owner": "old"}
    assert artifact["properties"]["assumeRoleArn"] == "arn:aws:iam::111122223333:role/deploy"


def test_only_the_template_is_uploaded_under_its_own_digest(tmp_path: Path, body: Body, like: Path) -> None:
    folder = tmp_path / "first"
    write_assembly(folder, stack=STACK, deployed=DeployedStack(template=Template(body=body), tags={}), like=like)
    digest = hashlib.sha256((folder / f"{STACK}.template.json").read_bytes()).hexdigest()
    assets = json.loads((folder / f"{STACK}.assets.json").read_text())
    assert list(assets["files"]) == [digest]
    assert assets["files"][digest]["destinations"]["here"]["objectKey"] == f"{digest}.json"
    assert assets["dockerImages"] == {}
    artifact = json.loads((folder / "manifest.json").read_text())["artifacts"][STACK]
    assert artifact["properties"]["stackTemplateAssetObjectUrl"] == f"s3://assets/{digest}.json"


def test_an_endpoint_that_is_not_declared(tmp_path: Path, body: Body, like: Path) -> None:
    deployed = DeployedStack(template=Template(body=body), tags={})
    with pytest.raises(AssemblyError, match="ChemEndpoints-other: not declared"):
        write_assembly(tmp_path / "first", stack="ChemEndpoints-other", deployed=deployed, like=like)
