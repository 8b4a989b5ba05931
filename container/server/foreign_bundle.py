"""Bundles that another platform wrote, in the layouts that Workbench and the SageMaker toolkits know.

They have no manifest, so no signature, no golden rows and no digests of their own: the server computes a digest over
all files, which a declaration can pin just the same.
Sources: Workbench, ``sagemaker_images/shared/main.py``; "Adapting your own inference container" (SageMaker developer
guide) and aws/sagemaker-inference-toolkit, ``transformer.py``.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from chem_endpoints.wire.bundle import BundleError
from container.server.requirement_check import unmet_requirements
from container.server.script import OWN_SCRIPT

METADATA_NAME = "inference-metadata.json"
FEATURES_NAME = "feature_columns.json"
REQUIREMENTS_NAMES = ("requirements.txt", "code/requirements.txt")


class Layout(StrEnum):
    """Who wrote the bundle."""

    WORKBENCH = "workbench"
    """``inference-metadata.json`` names the script, which must define all four functions."""

    TOOLKIT = "toolkit"
    """``code/inference.py``, as the SageMaker inference toolkits have it."""


@dataclass(frozen=True, kw_only=True)
class ForeignBundle:
    """A bundle without a manifest.

    Attributes:
        digest: SHA-256 over the lines ``<sha256>  <path>``, sorted by path, of all files.
        layout: who wrote it.
        script: the script's file.
        feature_columns: columns that the model reads; empty: unknown.
        files: path inside the bundle → SHA-256.
    """

    digest: str
    layout: Layout
    script: Path
    feature_columns: tuple[str, ...]
    files: Mapping[str, str]


def read_foreign_bundle(folder: Path) -> ForeignBundle:
    """Recognises the layout of an unpacked bundle and checks what can be checked before its code runs.

    Raises:
        BundleError: no layout that is known here, a link, a script outside the folder, or a requirement that this
            image does not meet.
    """
    files = _file_digests(folder)
    if METADATA_NAME in files:
        layout, script = Layout.WORKBENCH, _named_script(folder, files)
    elif OWN_SCRIPT in files:
        layout, script = Layout.TOOLKIT, OWN_SCRIPT
    else:
        raise BundleError(
            f"{folder}: holds no manifest.json, no {METADATA_NAME} and no {OWN_SCRIPT}, so it is no bundle that is"
            " known here. See docs/model-scripts.md"
        )
    _check_requirements(folder, files)
    return ForeignBundle(
        digest=bundle_digest(files),
        layout=layout,
        script=folder / script,
        feature_columns=_feature_columns(folder, files) if layout is Layout.WORKBENCH else (),
        files=files,
    )


def bundle_digest(files: Mapping[str, str]) -> str:
    """The digest that stands for all files (path → SHA-256); `sha256sum` and `sort` give the same lines."""
    lines = "".join(f"{files[path]}  {path}\n" for path in sorted(files))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def _file_digests(folder: Path) -> dict[str, str]:
    digests = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise BundleError(f"{name}: refused. A bundle holds plain files below its root, no links")
        if path.is_file():
            with path.open("rb") as contents:
                digests[name] = hashlib.file_digest(contents, "sha256").hexdigest()
    return digests


def _named_script(folder: Path, files: Mapping[str, str]) -> str:
    """Path of the script that the metadata name, with or without ``.py``."""
    metadata = _read_json(folder / METADATA_NAME)
    name = metadata.get("inference_script") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or not name:
        raise BundleError(f'{METADATA_NAME}: must be an object with the script\'s name as "inference_script"')
    path = PurePosixPath(name if name.endswith(".py") else f"{name}.py")
    if path.is_absolute() or ".." in path.parts:
        raise BundleError(f"{METADATA_NAME}: the script {name!r} is outside the bundle, which is refused")
    if path.as_posix() not in files:
        raise BundleError(f"{METADATA_NAME}: names the script {name!r}, but the bundle holds no {path}")
    return path.as_posix()


def _feature_columns(folder: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    if FEATURES_NAME not in files:
        return ()
    names = _read_json(folder / FEATURES_NAME)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BundleError(f"{FEATURES_NAME}: must be a list of column names")
    return tuple(names)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise BundleError(f"{path.name}: is not JSON") from None


def _check_requirements(folder: Path, files: Mapping[str, str]) -> None:
    unmet = [problem for name in REQUIREMENTS_NAMES if name in files for problem in unmet_requirements(folder / name)]
    if unmet:
        raise BundleError(
            f"this image does not meet the bundle's requirements: {'; '.join(unmet)}. Nothing is installed at start:"
            " serve the model with an image that has them"
        )
