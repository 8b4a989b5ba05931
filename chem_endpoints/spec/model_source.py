"""Which model an endpoint, or a variant of one, serves."""

from typing import Literal, Self

from pydantic import model_validator

from chem_endpoints.spec.declared_values import ArtifactLocation, ArtifactVersion, KeyArn, ModelDigest
from chem_endpoints.spec.strict_model import StrictModel, refusal

Image = Literal["base", "deep", "deep-gpu"]
"""``base``: XGBoost and scikit-learn; ``deep``: adds torch and ChemProp; ``deep-gpu``: the same on a GPU."""


class ModelSource(StrictModel):
    """Which model is served, and in which image."""

    artifact: ArtifactLocation
    """model.tar.gz: a file's path from the repository's root, or s3://bucket/key."""
    artifact_version: ArtifactVersion | None = None
    """Version of an object in a versioned bucket; default: none, the object may never be overwritten."""
    artifact_key: KeyArn | None = None
    """ARN of the KMS key of an object in S3 that is encrypted with one of yours; its policy must admit the account.
    Default: none."""
    sha256: ModelDigest
    """The model digest: SHA-256 of the bundle's manifest.json, which lists the SHA-256 of every other file. Checked
    at synth for local artifacts, and at the container's start for all."""
    image: Image = "base"
    """base, deep (torch, ChemProp) or deep-gpu; default base."""

    allow_pickle: bool = False
    """Whether the model may be read from pickles (joblib files are such), which run code; default false."""

    @property
    def is_local(self) -> bool:
        """True for a file of the repository, False for an object in S3."""
        return not self.artifact.startswith("s3://")

    @model_validator(mode="after")
    def _versions_are_of_objects(self) -> Self:
        if self.is_local and (self.artifact_version or self.artifact_key):
            raise refusal("artifact_version and artifact_key belong to an artifact in S3; leave them out for a file")
        return self
