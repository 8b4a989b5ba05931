"""A local artifact must exist, be whole, and be the model that the declaration names."""

from pathlib import Path

from chem_endpoints.spec.model_source import ModelSource
from chem_endpoints.spec.violation import Violation
from chem_endpoints.wire.bundle import BundleError, verify_archive


def artifact_violations(model: ModelSource, root: Path, *, field: str = "model") -> tuple[Violation, ...]:
    """What is wrong with the artifact below ``root``; nothing for artifacts in S3, which the container checks.

    Args:
        model: declared artifact and digest.
        root: the repository's root.
        field: dotted path of the section that declares them.
    """
    if not model.is_local:
        return ()
    if not (root / model.artifact).resolve().is_relative_to(root.resolve()):
        reason = "must lie inside the repository, or else only this machine could deploy it; copy it there"
        return (Violation(field=f"{field}.artifact", reason=reason, value=model.artifact),)
    try:
        digest = verify_archive(root / model.artifact).digest
    except BundleError as error:
        return (Violation(field=f"{field}.artifact", reason=str(error).replace(f"{root}/", "")),)
    if digest == model.sha256:
        return ()
    reason = (
        f"is {model.sha256}, but {model.artifact} has the digest {digest}. If you mean to deploy that bundle, "
        f"write the latter; otherwise bring the bundle back"
    )
    return (Violation(field=f"{field}.sha256", reason=reason),)
