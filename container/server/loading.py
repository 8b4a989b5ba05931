"""Loads the model of a bundle: verified first, then imported, then loaded."""

import contextlib
import gc
import importlib
import importlib.util
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chem_endpoints.wire.bundle import BundleError, VerifiedBundle, verify_folder
from chem_endpoints.wire.manifest import MANIFEST_NAME, Manifest
from container.server.foreign_bundle import ForeignBundle, Layout, read_foreign_bundle
from container.server.pickle_guard import refusing_pickle
from container.server.prediction import Predictor
from container.server.script import (
    ASKED,
    OWN_SCRIPT,
    REQUIRED_FUNCTIONS,
    Script,
    load_script,
    load_script_file,
    siblings_importable,
)
from container.server.settings import Settings
from container.server.threads import running_threads

WORKBENCH_FUNCTIONS = (*REQUIRED_FUNCTIONS, "input_fn", "output_fn")
"""What a Workbench script must define; nothing stands in for one that is missing."""


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A model that is ready to predict.

    Attributes:
        bundle: the bundle, verified against its manifest where it has one.
        script: its functions.
        model: what ``model_fn`` returned.
        loaded_at: seconds since the epoch.
        threads: threads of this process once the model was loaded, those of C libraries included.
        cuda: whether the model's libraries use a GPU.
    """

    bundle: VerifiedBundle | ForeignBundle
    script: Script
    model: Any
    loaded_at: float
    threads: int
    cuda: bool

    @property
    def manifest(self) -> Manifest | None:
        """The bundle's manifest; ``None``: a foreign bundle, whose columns are known to its script alone."""
        return self.bundle.manifest if isinstance(self.bundle, VerifiedBundle) else None

    @property
    def digest(self) -> str:
        """The model digest (SHA-256, hexadecimal)."""
        return self.bundle.digest

    @property
    def whole_body(self) -> bool:
        """Whether the script reads or writes bodies itself; see `container.server.whole_body`."""
        by_itself = self.script.input_fn is not None or self.script.output_fn is not None
        return by_itself or isinstance(self.bundle, ForeignBundle)

    @property
    def why_not_forkable(self) -> str | None:
        """Why each worker must load the model itself; ``None``: workers can be forked and share one copy."""
        if sys.platform != "linux":
            return f"forking a process that has loaded libraries is unsafe on {sys.platform}"
        if self.cuda:
            return "the model uses CUDA, which does not survive a fork"
        if self.threads != 1:
            return f"{self.threads} threads run once the model is loaded, and a fork would keep only one of them"
        return None


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
    folder = settings.model_dir
    bundle = verify_folder(folder) if (folder / MANIFEST_NAME).is_file() else read_foreign_bundle(folder)
    _check_digest(bundle.digest, settings)
    if isinstance(bundle, VerifiedBundle):
        for library in bundle.manifest.libraries:
            _require(library)
    own_script = _own_script(bundle, folder)
    siblings = siblings_importable(own_script.parent) if own_script else contextlib.nullcontext()
    with siblings, refusing_pickle(settings.allow_pickle):
        script = _import_script(bundle, folder)
        _check_options(bundle, script)
        model = script.model_fn(str(folder))
    _import_the_general_way(bundle, script)
    _share_memory()
    return LoadedModel(
        bundle=bundle,
        script=script,
        model=model,
        loaded_at=time.time(),
        threads=running_threads(),
        cuda=_uses_cuda(),
    )


def _check_digest(digest: str, settings: Settings) -> None:
    if settings.model_sha256 not in (None, digest):
        raise BundleError(
            f"{settings.model_dir}: the model digest is {digest}, but the declaration says {settings.model_sha256}."
            " Deploy the bundle that was declared, or declare this one"
        )


def _check_options(bundle: VerifiedBundle | ForeignBundle, script: Script) -> None:
    if isinstance(bundle, VerifiedBundle) and bundle.manifest.on_request and not script.takes_asked:
        raise BundleError(
            f"the manifest offers columns on request, but predict_fn of {bundle.manifest.script!r} takes no keyword"
            f" {ASKED!r}; see docs/model-scripts.md"
        )


def _require(library: str) -> None:
    # Not imported: that is the script's business, which may want less of it.
    if importlib.util.find_spec(library) is None:
        raise BundleError(
            f"the model needs the library {library!r}, which this image lacks. Nothing is installed at start: serve the"
            " model with an image that has it"
        )


def _own_script(bundle: VerifiedBundle | ForeignBundle, folder: Path) -> Path | None:
    if isinstance(bundle, ForeignBundle):
        return bundle.script
    return folder / OWN_SCRIPT if bundle.manifest.script == OWN_SCRIPT else None


def _import_script(bundle: VerifiedBundle | ForeignBundle, folder: Path) -> Script:
    if isinstance(bundle, VerifiedBundle):
        return load_script(bundle.manifest.script, folder)
    required = WORKBENCH_FUNCTIONS if bundle.layout is Layout.WORKBENCH else REQUIRED_FUNCTIONS
    return load_script_file(bundle.script, required=required)


def _import_the_general_way(bundle: VerifiedBundle | ForeignBundle, script: Script) -> None:
    """Has the workers share what reading any body needs: pandas and pyarrow, half of a small server's memory.

    A model that takes a matrix answers CSV of numbers without; a worker that meets something else imports them then.
    """
    if isinstance(bundle, ForeignBundle):
        importlib.import_module("container.server.whole_body")
    elif not Predictor(script=script, model=None, manifest=bundle.manifest).takes_matrix:
        importlib.import_module("container.server.answering")
        importlib.import_module("container.server.body_source")


def _share_memory() -> None:
    """Keeps the garbage collector of forked workers from writing to, and so copying, the pages of the model."""
    gc.collect()
    gc.freeze()


def _uses_cuda() -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.cuda.is_initialized())
