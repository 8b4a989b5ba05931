"""The endpoints of an account that Chem Endpoints deployed, and what each is at the moment.

Sources: SageMaker API reference, ListEndpoints, DescribeEndpoint, DescribeInferenceComponent, ListTags.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import boto3

from chem_endpoints.client.aws import AwsClients, connect
from chem_endpoints.client.description import EndpointDescription, describe_endpoint
from chem_endpoints.client.retry import call
from chem_endpoints.errors import EndpointError, EndpointNotFoundError
from chem_endpoints.wire import tags

LOOKS_AT_ONCE = 8
"""Endpoints that are looked at beside each other."""

TAG_PREFIX = "chem-endpoints:"
"""How every tag of ours begins."""


@dataclass(frozen=True, kw_only=True)
class ListedEndpoint:
    """One endpoint, as it is now.

    Attributes:
        name: SageMaker endpoint name.
        kind: ``realtime``, ``async``, ``serverless`` or ``inference_component``; empty: it could not be read.
        status: SageMaker's word, such as ``InService``.
        model_sha256: the model digest; empty for an endpoint whose manifest is unknown.
        targets: what the model predicts; for an endpoint that computes features, none.
        task: the manifest's: ``regression``, ``classification`` or ``features``; empty: unknown.
        running: instances, or copies of the model, that run; ``None``: SageMaker does not say (serverless).
        problem: why kind, model and targets are unknown; empty: they are known.
    """

    name: str
    kind: str
    status: str
    model_sha256: str
    targets: tuple[str, ...]
    task: str
    running: int | None
    problem: str = ""


def list_endpoints(session: boto3.Session | None = None) -> list[ListedEndpoint]:
    """Every endpoint that carries a tag of ours, by name.

    Args:
        session: boto3 session; default: the usual credentials, profile and region.

    Raises:
        EndpointError: AWS cannot be reached, or does not let the caller list endpoints and tags.
    """
    clients = connect(session, connections=LOOKS_AT_ONCE)
    with ThreadPoolExecutor(max_workers=LOOKS_AT_ONCE) as pool:
        looked = [pool.submit(_if_ours, name, arn, clients) for name, arn in _all_endpoints(clients)]
        ours = [endpoint for each in looked if (endpoint := each.result()) is not None]
    return sorted(ours, key=lambda endpoint: endpoint.name)


def look_up(name: str, session: boto3.Session | None = None) -> ListedEndpoint:
    """One endpoint, ours or not.

    Raises:
        EndpointNotFoundError: there is none of this name.
        EndpointError: AWS cannot be reached or refuses.
    """
    return _looked_up(name, connect(session, connections=LOOKS_AT_ONCE))


def _all_endpoints(clients: AwsClients) -> Iterator[tuple[str, str]]:
    """Name and ARN of every endpoint."""
    token: dict[str, str] = {}
    while True:
        page = call(clients.sagemaker.list_endpoints, MaxResults=100, **token)
        yield from ((each["EndpointName"], each["EndpointArn"]) for each in page["Endpoints"])
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _if_ours(name: str, arn: str, clients: AwsClients) -> ListedEndpoint | None:
    try:
        tagged = call(clients.sagemaker.list_tags, ResourceArn=arn, MaxResults=100)["Tags"]
        ours = any(tag["Key"].startswith(TAG_PREFIX) for tag in tagged)
        return _looked_up(name, clients) if ours else None
    except EndpointNotFoundError:  # deleted since it was listed
        return None


def _looked_up(name: str, clients: AwsClients) -> ListedEndpoint:
    endpoint = call(clients.sagemaker.describe_endpoint, EndpointName=name)
    status = str(endpoint["EndpointStatus"])
    try:
        described = describe_endpoint(name, clients)
    except EndpointNotFoundError:
        raise
    except EndpointError as error:  # one that nobody can read does not hide the others
        return ListedEndpoint(
            name=name, kind="", status=status, model_sha256="", targets=(), task="", running=None, problem=str(error)
        )
    manifest = described.manifest
    return ListedEndpoint(
        name=name,
        kind=described.kind,
        status=status,
        model_sha256=described.digest,
        targets=tuple(target.name for target in manifest.targets) if manifest else (),
        task=manifest.task if manifest else "",
        running=_running(endpoint, described, clients),
        problem="" if manifest else f"it has no tag {tags.MANIFEST_URI}, so its model is unknown",
    )


def _running(endpoint: dict[str, Any], described: EndpointDescription, clients: AwsClients) -> int | None:
    if described.kind == "serverless":
        return None
    if described.component is not None:
        try:
            component = call(clients.sagemaker.describe_inference_component, InferenceComponentName=described.component)
        except EndpointError:  # not there yet, or not ours to see
            return None
        copies = component.get("RuntimeConfig", {}).get("CurrentCopyCount")
        return None if copies is None else int(copies)
    counts = [variant.get("CurrentInstanceCount") for variant in endpoint.get("ProductionVariants", ())]
    return sum(count for count in counts if count is not None) if any(c is not None for c in counts) else None
