"""Model scripts: found by name or by file, checked for what the server will call."""

import contextlib
import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.bundle import BundleError

if TYPE_CHECKING:
    import pandas as pd

OWN_SCRIPT = "code/inference.py"
"""Value of the manifest's ``script`` for a bundle that brings its own; else it names one of `model_scripts`."""

REQUIRED_FUNCTIONS = ("model_fn", "predict_fn")

ARGUMENTS = {
    "model_fn": 1,
    "predict_fn": 2,
    "input_fn": 2,
    "output_fn": 2,
    "predict_matrix_fn": 2,
    "signature_fn": 1,
}
"""Every function that a script may define → number of arguments that it is called with."""


class ModelFn(Protocol):
    """``model_fn(model_dir)``: loads the artifacts."""

    def __call__(self, model_dir: str, /) -> Any: ...


class PredictFn(Protocol):
    """``predict_fn(df, model)``: the same rows, order and index, with the output columns added."""

    def __call__(self, df: "pd.DataFrame", model: Any, /) -> "pd.DataFrame": ...


ASKED = "asked"
"""A ``predict_fn`` with this keyword is told which of `Manifest.on_request` a request asks for (a frozenset)."""


class InputFn(Protocol):
    """``input_fn(body, content_type)``: what ``predict_fn`` will get."""

    def __call__(self, body: bytes | str, content_type: str, /) -> Any: ...


class OutputFn(Protocol):
    """``output_fn(prediction, accept)``: the answer's body, or the body and its content type."""

    def __call__(self, prediction: Any, accept: str, /) -> Any: ...


class PredictMatrixFn(Protocol):
    """``predict_matrix_fn(X, model)``: float32 ``[n, features]`` → output columns (1-D, n long), and row → reason."""

    def __call__(
        self, features: npt.NDArray[np.float32], model: Any, /
    ) -> tuple[Mapping[str, npt.NDArray[Any]], Mapping[int, str]]: ...


class SignatureFn(Protocol):
    """``signature_fn(model)``: what the model reads and returns."""

    def __call__(self, model: Any, /) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class Script:
    """The functions of a script that the server calls; ``None`` where the script leaves one to the server."""

    model_fn: ModelFn
    predict_fn: PredictFn
    input_fn: InputFn | None = None
    output_fn: OutputFn | None = None
    predict_matrix_fn: PredictMatrixFn | None = None
    signature_fn: SignatureFn | None = None

    @property
    def takes_asked(self) -> bool:
        """Whether ``predict_fn`` can add columns on request."""
        return ASKED in inspect.signature(self.predict_fn).parameters


def load_script(name: str, model_dir: Path) -> Script:
    """Imports the script that a manifest names: a built-in one, or the bundle's own.

    Raises:
        BundleError: there is no such script, it lacks a function, or a library that it imports is missing.
    """
    if name == OWN_SCRIPT:
        return load_script_file(model_dir / OWN_SCRIPT)
    with _missing_library_told(name):
        module = importlib.import_module(f"model_scripts.{name}")
    return _checked_functions(module, name, REQUIRED_FUNCTIONS)


def load_script_file(path: Path, *, required: Sequence[str] = REQUIRED_FUNCTIONS) -> Script:
    """Imports a bundle's own script; see `siblings_importable` for what it may import besides libraries.

    Raises:
        BundleError: there is no such file, it lacks a required function, or a library that it imports is missing.
    """
    if not path.is_file():
        raise BundleError(f"{path}: the bundle is to bring its own script, but there is none")
    # Classes of the script must be found again by the name of their module: pickles and dataclasses look them up.
    name = path.stem if path.stem not in sys.modules else f"bundle_{path.stem}"
    loader = _UncachedLoader(name, str(path))
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    with _missing_library_told(path.name):
        loader.exec_module(module)
    return _checked_functions(module, path.name, required)


class _UncachedLoader(SourceFileLoader):
    """Compiles the source at each start: a ``.pyc`` beside it would be code that the reader of the source misses."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


@contextlib.contextmanager
def siblings_importable(folder: Path) -> Iterator[None]:
    """Lets a script import the modules of its own folder; afterwards too, but behind all installed ones."""
    entry = str(folder)
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        sys.path.remove(entry)
        if entry not in sys.path:
            sys.path.append(entry)  # a function may import a sibling when it is first called


@contextlib.contextmanager
def _missing_library_told(script: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise BundleError(
            f"script {script!r} cannot be imported: {error.name} is not installed in this image. Nothing is installed"
            " at start; add it to the image, or train for the image that has it"
        ) from None


def _checked_functions(module: ModuleType, script: str, required: Sequence[str]) -> Script:
    functions: dict[str, Any] = {name: getattr(module, name, None) for name in ARGUMENTS}
    missing = [name for name in required if functions[name] is None]
    if missing:
        raise BundleError(f"script {script!r} lacks {' and '.join(missing)}; see docs/model-scripts.md")
    for name, function in functions.items():
        if function is not None and not _takes(function, ARGUMENTS[name]):
            raise BundleError(
                f"script {script!r}: {name} must be a function that can be called with {ARGUMENTS[name]} argument(s);"
                " see docs/model-scripts.md"
            )
    return Script(**functions)


def _takes(function: object, arguments: int) -> bool:
    if not callable(function):
        return False
    with contextlib.suppress(ValueError):  # raised for a function of an extension module that tells no signature
        signature = inspect.signature(function)
        try:
            signature.bind(*[None] * arguments)
        except TypeError:
            return False
    return True
