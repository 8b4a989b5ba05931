"""Does the endpoint run what its stack deployed?

CloudFormation calls an update complete as soon as the endpoint is in service, and SageMaker puts an endpoint that it
rolled back in service with the former configuration. Deploying the same again changes nothing then.
"""

from collections.abc import Iterator

from chem_endpoints.doctor.finding import Flaw
from chem_endpoints.doctor.look import Look
from chem_endpoints.doctor.stack import Stack, last_part, same_name
from chem_endpoints.doctor.subject import Answer, Subject
from chem_endpoints.plan.template import COMPONENT, ENDPOINT, ENDPOINT_CONFIG, MODEL

UNDER_WAY = ("Creating", "Updating", "RollingBack", "Deleting")
"""Statuses of endpoints and components that pass."""

_NEVER_CREATED = ("ROLLBACK_COMPLETE", "CREATE_FAILED")
"""Statuses of stacks that explain why there is no endpoint."""

_SERVING = ("InService", "SystemUpdating")
_CHANGE_AGAIN = (
    "Mend the model, or go back to the one that runs, and deploy that; the same template again changes nothing"
)


def runs_what_was_deployed(subject: Subject, _look: Look) -> Iterator[Flaw]:
    """The stack is complete, the endpoint in service, and both name the same configuration and models."""
    if subject.stack is None:
        yield Flaw(
            severity="warning",
            happened="no stack owns the endpoint, although it carries our tag",
            remedy="Deploy its declaration again, or delete it: aws sagemaker delete-endpoint --endpoint-name "
            f"{subject.name}",
        )
    else:
        yield from _stack_state(subject.stack)
    yield from _endpoint_state(subject)
    # While a deployment is under way, the stack is already ahead of the endpoint.
    if subject.stack and subject.stack.is_settled and subject.endpoint and subject.status not in UNDER_WAY:
        yield from _configuration(subject, subject.stack, subject.endpoint)
        yield from _components(subject, subject.stack)


def _stack_state(stack: Stack) -> Iterator[Flaw]:
    if not stack.is_settled:
        yield Flaw(
            severity="unseen",
            happened=f"a deployment of {stack.name} is under way ({stack.status})",
            remedy="Look again when it has ended",
        )
    elif "ROLLBACK" in stack.status or stack.status.endswith("_FAILED"):
        because = f": {stack.reason}" if stack.reason else ""
        yield Flaw(
            severity="error",
            happened=f"the last deployment failed, {stack.name} is {stack.status}{because}",
            remedy=f"Find the first failure (aws cloudformation describe-stack-events --stack-name {stack.name}),"
            " mend it and deploy again",
        )


def _endpoint_state(subject: Subject) -> Iterator[Flaw]:
    if subject.endpoint is None:
        if subject.stack and subject.stack.status in _NEVER_CREATED:
            return
        yield Flaw(
            severity="error",
            happened="the endpoint does not exist, although its stack declares it",
            remedy=f"Delete the stack and deploy again: cdk destroy {subject.stack.name if subject.stack else ''}",
        )
    elif subject.status in UNDER_WAY:
        yield Flaw(
            severity="unseen",
            happened=f"the endpoint is {subject.status}",
            remedy="Look again when it is InService",
        )
    elif subject.status not in _SERVING:
        yield Flaw(
            severity="error",
            happened=f"the endpoint is {subject.status}{_reason(subject.endpoint)}",
            remedy=f"Read its log group /aws/sagemaker/Endpoints/{subject.name}, mend the model and deploy again",
        )


def _configuration(subject: Subject, stack: Stack, endpoint: Answer) -> Iterator[Flaw]:
    live = str(endpoint["EndpointConfigName"])
    for deployed in stack.deployed(ENDPOINT):
        named = deployed.resource.properties.get("EndpointConfigName")
        made = stack.id_of(stack.template.referred(named, ENDPOINT_CONFIG))
        wanted = last_part(made) if made else named
        if same_name(deployed.name, subject.name) and isinstance(wanted, str) and not same_name(wanted, live):
            yield Flaw(
                severity="error",
                happened=f"silent rollback: the endpoint runs config {live}, the stack deployed {wanted}"
                f"{_reason(endpoint)}",
                remedy=_CHANGE_AGAIN,
            )


def _components(subject: Subject, stack: Stack) -> Iterator[Flaw]:
    living = {str(each["InferenceComponentName"]).casefold(): each for each in subject.components}
    for deployed in stack.deployed(COMPONENT):
        component = living.get(deployed.name.casefold())
        if component is None:
            yield Flaw(
                severity="error",
                happened=f"the inference component {deployed.name} does not exist, although the stack declares it",
                remedy=f"Delete the stack and deploy again: cdk destroy {stack.name}",
            )
            continue
        yield from _component_state(component, deployed.name)
        specified = deployed.resource.properties.get("Specification", {}).get("ModelName")
        made = stack.id_of(stack.template.referred(specified, MODEL))
        wanted, live = last_part(made) if made else specified, component.get("Specification", {}).get("ModelName")
        if isinstance(wanted, str) and isinstance(live, str) and not same_name(wanted, live):
            yield Flaw(
                severity="error",
                happened=f"silent rollback: the inference component {deployed.name} runs model {live},"
                f" the stack deployed {wanted}{_reason(component)}",
                remedy=_CHANGE_AGAIN,
            )


def _component_state(component: Answer, name: str) -> Iterator[Flaw]:
    status = component["InferenceComponentStatus"]
    if status in UNDER_WAY:
        yield Flaw(
            severity="unseen",
            happened=f"the inference component {name} is {status}",
            remedy="Look again when it is InService",
        )
    elif status != "InService":
        yield Flaw(
            severity="error",
            happened=f"the inference component {name} is {status}{_reason(component)}",
            remedy=f"Read its log group /aws/sagemaker/InferenceComponents/{name}, mend the model and deploy again",
        )


def _reason(described: Answer) -> str:
    return f": {described['FailureReason']}" if described.get("FailureReason") else ""
