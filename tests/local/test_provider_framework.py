"""Custom resources behind CDK's ``custom_resources.Provider``: the template is CDK's own."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Clients = Callable[[str], Any]
SUPPORT = Path(__file__).parents[1] / "support"
OUTPUTS = {
    "Asked": {"Value": {"Fn::GetAtt": ["Vial", "Asked"]}},
    "Begun": {"Value": {"Fn::GetAtt": ["Vial", "Begun"]}},
}


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The synthesized resources; the framework's Node.js code, which nothing runs, is left out."""
    folder = tmp_path_factory.mktemp("provider")
    subprocess.run([sys.executable, SUPPORT / "provider_app.py", folder], cwd=SUPPORT.parents[1], check=True)
    found: dict[str, Any] = json.loads((folder / "S.template.json").read_text())["Resources"]
    for resource in found.values():
        if "S3Bucket" in resource["Properties"].get("Code", {}):
            resource["Properties"]["Code"] = {"ZipFile": "exports.onEvent = () => null"}
    return found


def changed(resources: dict[str, Any], **properties: Any) -> dict[str, Any]:
    vial = resources["Vial"]
    return {**resources, "Vial": {**vial, "Properties": {**vial["Properties"], **properties}}}


def test_the_framework_asks_until_the_resource_is_complete(cloud: Any, resources: dict[str, Any]) -> None:
    assert cloud.create(resources, Outputs=OUTPUTS, Capabilities=["CAPABILITY_IAM"]) == "CREATE_COMPLETE", (
        cloud.reasons()
    )
    values = {output["OutputKey"]: output["OutputValue"] for output in cloud.stack()["Outputs"]}
    assert values == {"Asked": "3", "Begun": "yes"}
    found = cloud.api.describe_stack_resource(StackName=cloud.name, LogicalResourceId="Vial")["StackResourceDetail"]
    assert found["PhysicalResourceId"] == "vial-1"
    failing = changed(resources, Vial="2", Fail="Update")
    assert cloud.update(failing, Capabilities=["CAPABILITY_IAM"]) == "UPDATE_ROLLBACK_COMPLETE", cloud.reasons()
    assert "Message returned: Error: no solvent\n\nLogs: /aws/lambda/" in cloud.reasons()
    assert cloud.delete() == "DELETE_COMPLETE", cloud.reasons()


def test_a_creation_that_failed_is_not_deleted_by_the_users_function(cloud: Any, resources: dict[str, Any]) -> None:
    failing = changed(resources, Fail="Create")
    assert cloud.create(failing, Capabilities=["CAPABILITY_IAM"]) == "ROLLBACK_COMPLETE", cloud.reasons()
    assert cloud.statuses("Vial")[0] == "DELETE_COMPLETE"


def test_any_other_state_machine_is_refused(cloud: Any) -> None:
    definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}}
    machine = {"DefinitionString": json.dumps(definition), "RoleArn": "arn:aws:iam::123456789012:role/r"}
    assert (
        cloud.create({"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine}})
        == "ROLLBACK_COMPLETE"
    )
    assert "the local AWS runs no state machine but the one of CDK's Provider framework" in cloud.reasons()
