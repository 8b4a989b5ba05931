"""Which image a model runs: the endpoint's pin, or what the stage's ``images`` says."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from aws_cdk import Stack

from chem_endpoints.spec.endpoint_spec import EndpointSpec
from chem_endpoints.spec.image_source import image_reference
from chem_endpoints.spec.model_source import ModelSource
from chem_endpoints.spec.stages import Stage
from constructs_lib.image.asset_image import AssetImage
from constructs_lib.image.container_image import ContainerImage, image_in_our_repository, pinned_image
from constructs_lib.naming import SharedNames


class ImageChoice:
    """The images of one app."""

    def __init__(self, *, root: Path, stage: Stage, pins: Mapping[str, str]) -> None:
        """
        Args:
            root: the repository's root, where the images' sources lie.
            stage: whose ``images`` and account count.
            pins: image reference by endpoint, from images.yaml.
        """
        self._root = root
        self._stage = stage
        self._pins = pins
        self._names = SharedNames(account=stage.account, region=stage.region)
        self._reference = cache(self._reference_of_source)

    def __call__(self, stack: Stack, spec: EndpointSpec, source: ModelSource) -> ContainerImage:
        """The image of a model. An asset is added to the stack once per image.

        Args:
            stack: the endpoint's stack.
            spec: the declaration.
            source: one of its models; the pin holds for all that run the main model's kind of image.
        """
        pin = self._pins.get(spec.name)
        if pin and source.image == spec.model.image:
            return pinned_image(pin)
        if self._stage.images == "asset":
            existing = stack.node.try_find_child(f"Image-{source.image}")
            asset = existing or AssetImage(stack, f"Image-{source.image}", root=self._root, image=source.image)
            assert isinstance(asset, AssetImage)
            return asset.image
        return image_in_our_repository(self._reference(source.image), self._names)

    def _reference_of_source(self, image: str) -> str:
        return image_reference(root=self._root, image=image, account=self._stage.account, region=self._stage.region)
