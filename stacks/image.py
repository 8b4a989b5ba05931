"""The images that an account builds itself: ``images: codebuild``."""

from collections.abc import Iterable
from pathlib import Path

from aws_cdk import DefaultStackSynthesizer, Environment, Stack, Tags
from constructs import Construct

from chem_endpoints.spec.image_source import source_hash
from chem_endpoints.spec.stages import Stage
from constructs_lib.acknowledgements import acknowledge_findings
from constructs_lib.image.build_project import BuildProject
from constructs_lib.image.build_trigger import BuildTrigger
from constructs_lib.naming import SharedNames
from constructs_lib.tagging import ENDPOINT, SHARED

IMAGES_STACK = "ChemEndpoints-images"


class ImagesStack(Stack):
    """Deployed after the foundation, which holds the repository, and before the endpoint stacks.

    These name their image by its literal reference (`chem_endpoints.spec.image_source.image_reference`), so nothing
    but the order ties them to this stack.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, root: Path, images: Iterable[str]) -> None:
        """
        Args:
            scope: the app.
            construct_id: id and stack name.
            stage: account, region, log retention.
            root: the repository's root, where the sources lie.
            images: names of the images that endpoints of this stage run.

        Raises:
            ImageSourceError: no such image, or its lock is missing.
        """
        super().__init__(
            scope,
            construct_id,
            description="Builds the container images of Chem Endpoints",
            env=Environment(account=stage.account, region=stage.region),
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        Tags.of(self).add(ENDPOINT, SHARED)
        names = SharedNames(account=stage.account, region=stage.region)
        self.project = BuildProject(self, "Build", stage=stage, names=names, root=root)
        self.trigger = BuildTrigger(self, "Trigger", stage=stage, names=names, project=self.project)
        self.images = {
            image: self.trigger.build(f"Image-{image}", image=image, tag=source_hash(root, image))
            for image in sorted(set(images))
        }
        """The custom resource of each image."""
        acknowledge_findings(self)
