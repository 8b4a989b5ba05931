"""Loads the model of a bundle: verified first, then imported, then loaded."""

import importlib
import sys
import time
from dataclasses import dataclass
from typing import Any

from chem_endpoints.wire.bundle import BundleError, VerifiedBundle, verify_folder
from container.server.script import Script, load_script
from container.server.settings import Settings
from container.server.threads import running_threads


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A model that is ready to predict.

    Attributes:
        bundle: the verified bundle.
        script: its functions.
        model: what ``model_fn`` returned.
        loaded_at: seconds since the epoch.
        forkable: whether workers may be forked from the process that loaded it.
    """

    bundle: VerifiedBundle
    script: Script
    model: Any
    loaded_at: float
    forkable: bool


@dataclass(frozen=True, kw_only=True)
class LoadFailure:
    """Why no model is loaded; carried to the HTTP process, which says it and exits."""

    message: str


def load_model(settings: Settings) -> LoadedModel | LoadFailure:
    """Loads the model, or says in one sentence why not; never raises, as its caller could not tell anyone."""
    try:
        return _load(settings)
    except BundleError as error:
        return LoadFailure(message=str(error))
    except Exception as error:  # noqa: BLE001 - a model script may raise anything; it ends the start, with a reason
        return LoadFailure(message=f"the model cannot be loaded: {type(error).__name__}: {error}")


def _load(settings: Settings) -> LoadedModel:
    bundle = verify_folder(settings.model_dir)
    if settings.model_sha256 not in (None, bundle.digest):
        raise BundleError(
            f"{settings.model_dir}: the model digest is {bundle.digest}, but the declaration says"
            f" {settings.model_sha256}. Deploy the bundle that was declared, or declare this one"
        )
    for library in bundle.manifest.libraries:
        _require(library)
    script = load_script(bundle.manifest.script, settings.model_dir)
    model = script.model_fn(str(settings.model_dir))
    forkable = sys.platform == "linux" and running_threads() == 1
    return LoadedModel(bundle=bundle, script=script, model=model, loaded_at=time.time(), forkable=forkable)


def _require(library: str) -> None:
    try:
        importlib.import_module(library)
    except ModuleNotFoundError:
        raise BundleError(
            f"the model needs the library {library!r}, which this image lacks. Nothing is installed at start: serve the"
            " model with an image that has it"
        ) from None
