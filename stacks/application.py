"""The whole app: the shared stacks and one stack per declaration."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import App

from chem_endpoints.spec.endpoint_spec import EndpointSpec, models_of
from chem_endpoints.spec.image_pins import load_pins, pin_violations
from chem_endpoints.spec.loading import load_endpoints
from chem_endpoints.spec.stages import Stage, load_stage
from chem_endpoints.spec.violation import DeclarationError
from constructs_lib.naming import FOUNDATION_STACK, NETWORK_STACK, endpoint_stack_name
from stacks.endpoint import EndpointStack
from stacks.foundation import FoundationStack
from stacks.image import IMAGES_STACK, ImagesStack
from stacks.image_choice import ImageChoice
from stacks.network import NetworkStack

SWITCHES = ("scaling", "guardrails")
"""Contexts that are ``on``, the default, or ``off``: every scaling resource, the settings of guarded deployments."""


@dataclass(frozen=True, kw_only=True)
class Stacks:
    """What an app consists of."""

    foundation: FoundationStack
    network: NetworkStack | None
    images: ImagesStack | None
    endpoints: tuple[EndpointStack, ...]


def build_stacks(app: App, *, root: Path) -> Stacks:
    """Reads the declarations and makes their stacks; nothing but files below ``root`` and the context count.

    Args:
        app: with the context ``stage`` (default ``local``), ``endpoints`` (a folder below ``root``, default
            ``endpoints``) and the `SWITCHES`.
        root: the repository's root, where stages.yaml, images.yaml, the declarations and the image's sources lie.

    Raises:
        DeclarationError: the stage, a pin, the context or a declaration is wrong.
        ImageSourceError: the lock of a declared image is missing.
    """
    stage = load_stage(root / "stages.yaml", app.node.try_get_context("stage") or "local")
    folder = root / (app.node.try_get_context("endpoints") or "endpoints")
    specs = load_endpoints(folder, root, stage=stage)
    foundation = FoundationStack(app, FOUNDATION_STACK, stage=stage)
    network = NetworkStack(app, NETWORK_STACK, stage=stage) if stage.vpc and stage.vpc.cidr else None
    images = _images(app, stage, specs, root)
    choice = ImageChoice(root=root, stage=stage, pins=_pins(root, stage, specs))
    switches = {switch: _is_on(app, switch) for switch in SWITCHES}
    endpoints = tuple(
        EndpointStack(
            app,
            endpoint_stack_name(spec.name),
            spec=spec,
            stage=stage,
            image_of=choice,
            root=root,
            **switches,
        )
        for spec in specs
    )
    if network:
        network.add_stack_dependency(foundation, "its flow logs are encrypted with the shared key")
    if images:
        images.add_stack_dependency(foundation, "it pushes into the shared repository")
    for endpoint in endpoints:
        endpoint.add_stack_dependency(foundation, "its roles, alarms and data use the shared key, topic and bucket")
        if network and endpoint.parts.placement:
            endpoint.add_stack_dependency(network, "its containers run in the network")
        if images:
            endpoint.add_stack_dependency(images, "its Model names an image that must be there")
    return Stacks(foundation=foundation, network=network, images=images, endpoints=endpoints)


def _images(app: App, stage: Stage, specs: Sequence[EndpointSpec], root: Path) -> ImagesStack | None:
    if stage.images != "codebuild" or not specs:
        return None
    declared = {model.image for spec in specs for _, model in models_of(spec)}
    return ImagesStack(app, IMAGES_STACK, stage=stage, root=root, images=declared)


def _pins(root: Path, stage: Stage, specs: Sequence[EndpointSpec]) -> dict[str, str]:
    """Pins count wherever images are built; where nobody builds, the sources themselves run."""
    pins = load_pins(root / "images.yaml", stage.name, [spec.name for spec in specs])
    if stage.images == "source":
        return {}
    wrong = [found for endpoint, pin in pins.items() for found in pin_violations(endpoint, pin, stage.region)]
    if wrong:
        raise DeclarationError(violation.in_file("images.yaml") for violation in wrong)
    return dict(pins)


def _is_on(app: App, switch: str) -> bool:
    value = app.node.try_get_context(switch) or "on"
    if value not in ("on", "off"):
        raise DeclarationError([f"-c {switch}={value}: must be on or off"])
    return bool(value == "on")
