"""The model's artifact in S3, and its manifest beside it for the client to read.

A local bundle becomes two CDK file assets, which the CDK CLI uploads before the deployment: no custom resource, no
Lambda function. Their keys are digests, so another model is another key.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import DefaultStackSynthesizer, FileAssetPackaging, Stack
from aws_cdk import Stage as AssemblyStage

from chem_endpoints.wire.bundle import verify_archive
from constructs_lib.s3_location import S3Location


@dataclass(frozen=True, kw_only=True)
class PublishedBundle:
    """Where SageMaker finds the artifact, and the client the manifest."""

    artifact: S3Location
    manifest: S3Location | None
    """None for an artifact that was in S3 before: nobody unpacks it to look."""


def publish_bundle(stack: Stack, *, path: Path, synthesizer: DefaultStackSynthesizer) -> PublishedBundle:
    """Adds a local ``model.tar.gz`` and its manifest to the stack's assets.

    Args:
        stack: the stack that refers to them.
        path: the bundle.
        synthesizer: the stack's own, bound to it.
    """
    bundle = verify_archive(path)
    archive = path.read_bytes()
    digest = hashlib.sha256(archive).hexdigest()
    return PublishedBundle(
        # CDK takes the key's ending from the last dot only; SageMaker documents .tar.gz.
        artifact=_publish(stack, synthesizer, contents=archive, source_hash=f"{digest}.tar", ending=".gz"),
        manifest=_publish(
            stack, synthesizer, contents=bundle.manifest_bytes, source_hash=bundle.digest, ending=".json"
        ),
    )


def bundle_in_s3(uri: str) -> PublishedBundle:
    """An artifact that is in S3 already."""
    return PublishedBundle(artifact=S3Location.from_uri(uri), manifest=None)


def _publish(
    stack: Stack, synthesizer: DefaultStackSynthesizer, *, contents: bytes, source_hash: str, ending: str
) -> S3Location:
    name = f"asset.{source_hash}{ending}"
    assembly = AssemblyStage.of(stack)
    assert assembly is not None, "a stack belongs to an app"
    (Path(assembly.asset_outdir) / name).write_bytes(contents)
    location = synthesizer.add_file_asset(file_name=name, source_hash=source_hash, packaging=FileAssetPackaging.FILE)
    return S3Location(bucket=location.bucket_name, key=location.object_key)
