"""The whole app: the shared stack and one stack per declaration."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aws_cdk import App

from chem_endpoints.spec.image_source import image_reference
from chem_endpoints.spec.loading import load_endpoints
from chem_endpoints.spec.stages import load_stage
from constructs_lib.naming import FOUNDATION_STACK, endpoint_stack_name
from stacks.endpoint import EndpointStack
from stacks.foundation import FoundationStack


@dataclass(frozen=True, kw_only=True)
class Stacks:
    """What an app consists of."""

    foundation: FoundationStack
    endpoints: tuple[EndpointStack, ...]


def build_stacks(app: App, *, root: Path) -> Stacks:
    """Reads the declarations and makes their stacks; nothing but files below ``root`` and the context count.

    Args:
        app: with the context ``stage`` (default ``local``) and ``endpoints`` (a folder below ``root``, default
            ``endpoints``).
        root: the repository's root, where stages.yaml, the declarations and the image's sources lie.

    Raises:
        DeclarationError: the stage or a declaration is wrong.
        ImageSourceError: the lock of a declared image is missing.
    """
    stage = load_stage(root / "stages.yaml", app.node.try_get_context("stage") or "local")
    specs = load_endpoints(root / (app.node.try_get_context("endpoints") or "endpoints"), root)

    @cache
    def image_of(image: str) -> str:
        return image_reference(root=root, image=image, account=stage.account, region=stage.region)

    foundation = FoundationStack(app, FOUNDATION_STACK, stage=stage)
    endpoints = tuple(
        EndpointStack(
            app,
            endpoint_stack_name(spec.name),
            spec=spec,
            stage=stage,
            image=image_of(spec.model.image),
            root=root,
        )
        for spec in specs
    )
    for endpoint in endpoints:
        endpoint.add_stack_dependency(foundation, "its roles, alarms and data use the shared key, topic and bucket")
    return Stacks(foundation=foundation, endpoints=endpoints)
