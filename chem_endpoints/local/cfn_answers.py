"""Stacks, events, resources and change sets as CloudFormation's clients see them."""

from collections.abc import Mapping
from typing import Any

from chem_endpoints.local.cfn_stack import ChangeSet, Event, ResourceChange, Stack, StackResource

Answer = dict[str, Any]


def _pairs(parameters: Mapping[str, Any]) -> list[Answer]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]


def stack_answer(stack: Stack) -> Answer:
    """For DescribeStacks."""
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "Description": stack.template.get("Description"),
        "Parameters": _pairs(stack.given_parameters),
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.last_updated,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DisableRollback": False,
        "Capabilities": stack.capabilities,
        "RoleARN": stack.role_arn,
        "Tags": stack.tags,
        "EnableTerminationProtection": stack.termination_protection,
        "Outputs": [
            {
                "OutputKey": output.key,
                "OutputValue": output.value,
                "Description": output.description,
                "ExportName": output.export,
            }
            for output in stack.outputs
        ],
    }


def stack_summary(stack: Stack) -> Answer:
    """For ListStacks."""
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "TemplateDescription": stack.template.get("Description"),
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


def _change_answer(change: ResourceChange) -> Answer:
    answer: Answer = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id,
        "ResourceType": change.type_name,
        "Scope": ["Properties"] if change.properties else [],
        "Details": [],
    }
    if change.action != "Modify":
        return answer
    details = [
        {
            "Target": {
                "Attribute": "Properties",
                "Name": item.name,
                "RequiresRecreation": "Always" if item.replaces else "Never",
            },
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        }
        for item in change.properties
    ]
    return {**answer, "Replacement": str(change.replaces), "Details": details}
