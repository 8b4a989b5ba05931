"""``/model``: what the model is, where its figures come from, and which libraries it runs on now."""

import functools
import importlib.metadata
import sys
from collections.abc import Sequence
from typing import Any

from chem_endpoints.wire.manifest import Manifest


def model_card(digest: str, manifest: Manifest | None, *, layout: str, features: Sequence[str]) -> dict[str, Any]:
    """The card; golden rows are left out, as they are training compounds.

    Args:
        digest: the model digest.
        manifest: of the bundle; ``None``: a foreign one, of which only layout and columns are known.
        layout: who wrote the bundle.
        features: columns that a foreign bundle's script is known to read.
    """
    if manifest is None:
        return {"model_sha256": digest, "layout": layout, "features": [{"name": name} for name in features]}
    card = manifest.model_dump(mode="json", exclude={"golden"})
    installed = {name: installed_version(name) for name in manifest.libraries}
    return {"model_sha256": digest, "layout": layout, **card, "libraries_installed": installed}


def installed_version(library: str) -> str | None:
    """Version of the distribution that brings an import name; ``None``: not installed."""
    if library == "python":
        return sys.version.partition(" ")[0]
    versions = {importlib.metadata.version(name) for name in _distributions().get(library, [])}
    return ", ".join(sorted(versions)) or None


@functools.cache
def _distributions() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())
