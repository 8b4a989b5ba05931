"""Exports: one name for one stack, and no change or deletion under a stack that imports it."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.end_to_end
TOPIC = {"Topic": {"Type": "AWS::SNS::Topic"}}


@pytest.fixture
def second(client: Callable[[str], Any], cloud: Any) -> Any:
    return type(cloud)(client)


@pytest.fixture
def export() -> str:
    return f"e-{uuid.uuid4().hex}"


def outputs(export: str, value: str = "1") -> dict[str, Any]:
    return {"Outputs": {"Out": {"Value": value, "Export": {"Name": export}}}}


def importing(export: str) -> dict[str, Any]:
    return {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": export}}}}


@pytest.fixture
def imported(cloud: Any, second: Any, export: str) -> Iterator[str]:
    """An export of the first stack that the second imports."""
    assert cloud.create(TOPIC, **outputs(export)) == "CREATE_COMPLETE"
    assert second.create(importing(export)) == "CREATE_COMPLETE"
    yield export
    assert second.delete() == "DELETE_COMPLETE"
    assert cloud.delete() == "DELETE_COMPLETE"


def test_a_removal_is_refused_while_it_is_imported(cloud: Any, second: Any, imported: str) -> None:
    assert cloud.update(TOPIC) == "UPDATE_ROLLBACK_COMPLETE"
    assert f"Cannot delete export {imported} as it is in use by {second.name}." in cloud.reasons()
    assert cloud.stack()["Outputs"][0]["OutputValue"] == "1"


def test_a_change_is_refused_while_it_is_imported(cloud: Any, second: Any, imported: str) -> None:
    assert cloud.update(TOPIC, **outputs(imported, "2")) == "UPDATE_ROLLBACK_COMPLETE"
    assert f"Cannot update export {imported} as it is in use by {second.name}." in cloud.reasons()


def test_a_deletion_is_refused_while_it_is_imported(cloud: Any, second: Any, imported: str) -> None:
    assert cloud.delete() == "DELETE_FAILED"
    assert f"Delete canceled. Cannot delete export {imported} as it is in use by {second.name}." in cloud.reasons()
    assert cloud.api.describe_stack_resources(StackName=cloud.name)["StackResources"][0]["LogicalResourceId"] == "Topic"


def test_the_importing_stack_may_stop_and_then_all_is_allowed(cloud: Any, second: Any, export: str) -> None:
    cloud.create(TOPIC, **outputs(export))
    second.create(importing(export))
    assert cloud.api.list_imports(ExportName=export)["Imports"] == [second.name]
    assert second.update(TOPIC) == "UPDATE_COMPLETE"
    with pytest.raises(ClientError, match=f"Export '{export}' is not imported by any stack"):
        cloud.api.list_imports(ExportName=export)
    assert cloud.update(TOPIC, **outputs(export, "2")) == "UPDATE_COMPLETE"
    assert cloud.update(TOPIC) == "UPDATE_COMPLETE"
    assert (second.delete(), cloud.delete()) == ("DELETE_COMPLETE", "DELETE_COMPLETE")


def test_a_name_belongs_to_one_stack(cloud: Any, second: Any, export: str) -> None:
    cloud.create(TOPIC, **outputs(export))
    assert second.create(TOPIC, **outputs(export)) == "ROLLBACK_COMPLETE"
    assert f"Export with name {export} is already exported by stack {cloud.name}" in second.reasons()
    assert cloud.update(
        {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "x"}}}, **outputs(export)
    ) == ("UPDATE_COMPLETE")
    assert (second.delete(), cloud.delete()) == ("DELETE_COMPLETE", "DELETE_COMPLETE")


def test_the_import_of_a_missing_export_is_refused(cloud: Any, export: str) -> None:
    with pytest.raises(ClientError, match=f"No export named {export} found"):
        cloud.create(importing(export))
