"""Stacks, events, resources and change sets as CloudFormation's clients see them."""

from collections.abc import Mapping
from typing import Any

from chem_endpoints.local.cfn_stack import (
    ChangeSet,
    Event,
    PropertyChange,
    Refusal,
    ResourceChange,
    Stack,
    StackResource,
)

Answer = dict[str, Any]


def _pairs(parameters: Mapping[str, Any]) -> list[Answer]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]


def stack_answer(stack: Stack) -> Answer:
    """For DescribeStacks."""
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "Description": stack.state.template.get("Description"),
        "Parameters": _pairs(stack.state.given_parameters),
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.last_updated,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DisableRollback": stack.rollback_disabled,
        "Capabilities": stack.state.capabilities,
        "RoleARN": stack.state.role_arn,
        "Tags": stack.state.tags,
        "EnableTerminationProtection": stack.termination_protection,
        "Outputs": [
            {
                "OutputKey": output.key,
                "OutputValue": output.value,
                "Description": output.description,
                "ExportName": output.export,
            }
            for output in stack.state.outputs
        ],
    }


def stack_summary(stack: Stack) -> Answer:
    """For ListStacks."""
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "TemplateDescription": stack.state.template.get("Description"),
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.last_updated,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
    }


def event_answer(event: Event, stack: Stack) -> Answer:
    """For DescribeStackEvents."""
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "EventId": event.event_id,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.type_name,
        "Timestamp": event.timestamp,
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason,
    }


def resource_answer(resource: StackResource, stack: Stack) -> Answer:
    """For DescribeStackResource and DescribeStackResources."""
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type_name,
        "ResourceStatus": resource.status,
        "Timestamp": resource.updated,
        "LastUpdatedTimestamp": resource.updated,
    }


def resource_summary(resource: StackResource) -> Answer:
    """For ListStackResources."""
    return {
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type_name,
        "ResourceStatus": resource.status,
        "LastUpdatedTimestamp": resource.updated,
    }


def change_set_answer(change_set: ChangeSet, stack: Stack) -> Answer:
    """For DescribeChangeSet and ListChangeSets."""
    return {
        "ChangeSetName": change_set.name,
        "ChangeSetId": change_set.change_set_id,
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "Description": change_set.description,
        "Parameters": _pairs(change_set.desired.given_parameters),
        "CreationTime": change_set.created,
        "ExecutionStatus": change_set.execution_status,
        "Status": change_set.status,
        "StatusReason": change_set.reason,
        "Capabilities": change_set.desired.capabilities,
        "Tags": change_set.desired.tags,
        "Changes": [{"Type": "Resource", "ResourceChange": _change_answer(change)} for change in change_set.changes],
    }


def validation_answer(refusal: Refusal, change_set: ChangeSet) -> Answer:
    """For DescribeEvents: one thing that early validation has found."""
    path = "/".join(map(str, refusal.violation.path))
    return {
        "EventId": f"{change_set.change_set_id.rpartition('/')[2]}-{refusal.logical_id}-{path}",
        "StackId": change_set.stack_id,
        "OperationId": change_set.change_set_id,
        "OperationType": "CREATE_CHANGESET",
        "EventType": "VALIDATION_ERROR",
        "LogicalResourceId": refusal.logical_id,
        "PhysicalResourceId": refusal.physical_id,
        "ResourceType": refusal.type_name,
        "Timestamp": change_set.created,
        "ValidationFailureMode": "FAIL",
        "ValidationName": "PROPERTY_VALIDATION",
        "ValidationStatus": "FAILED",
        "ValidationStatusReason": str(refusal.violation),
        "ValidationPath": f"/Resources/{refusal.logical_id}/Properties{path and '/'}{path}",
    }


def _change_answer(change: ResourceChange) -> Answer:
    answer: Answer = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id,
        "ResourceType": change.type_name,
        "Scope": sorted({_attribute(item) for item in change.properties}),
        "Details": [],
    }
    if change.action != "Modify":
        return answer
    details = [
        {"Target": _target(item), "Evaluation": "Static", "ChangeSource": "DirectModification"}
        for item in change.properties
    ]
    return {**answer, "Replacement": str(change.replaces), "Details": details}


def _attribute(change: PropertyChange) -> str:
    return "Tags" if change.name == "Tags" else "Properties"


def _target(change: PropertyChange) -> Answer:
    attribute = _attribute(change)
    name = {"Name": change.name} if attribute == "Properties" else {}
    return {"Attribute": attribute, **name, "RequiresRecreation": "Always" if change.replaces else "Never"}
