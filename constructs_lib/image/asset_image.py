"""The way of development: the CDK CLI builds the image on the machine that deploys, and pushes it first.

It lands in the repository of the account's CDK bootstrap, under a tag that CDK chooses.
"""

from pathlib import Path

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as ecr_assets
from constructs import Construct

from chem_endpoints.spec.image_source import DOCKERFILE, IMAGES, source_hash
from constructs_lib.image.container_image import ContainerImage


class AssetImage(Construct):
    """A Docker image asset; what .dockerignore keeps out changes neither its hash nor its contents."""

    def __init__(self, scope: Construct, construct_id: str, *, root: Path, image: str) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            root: the repository's root, where the Dockerfile's sources and .dockerignore lie.
            image: name of the image: base, deep or deep-gpu.

        Raises:
            ImageSourceError: no such image, or its lock is missing.
        """
        super().__init__(scope, construct_id)
        self.asset = ecr_assets.DockerImageAsset(
            self,
            "Resource",
            asset_name=f"chem-endpoints-{image}",
            directory=str(root),
            file=DOCKERFILE,
            target=IMAGES[image].target,
            platform=ecr_assets.Platform.LINUX_AMD64,
            ignore_mode=IgnoreMode.DOCKER,
            build_args={"SOURCE_HASH": source_hash(root, image)},
        )
        self.image = ContainerImage(reference=self.asset.image_uri, repository_arn=self.asset.repository.repository_arn)
        """What the Model runs."""
