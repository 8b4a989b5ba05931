"""An author's own scikit-learn pipeline: a function that makes it, or a file that holds it."""

import importlib
import sys
from pathlib import Path
from typing import Any

from model_scripts.skops_file import from_bytes, types_beyond
from model_scripts.training.table import TrainingError


def author_pipeline(source: str) -> Any:
    """A function or an unfitted estimator, see `model_scripts.training.sklearn_family.SklearnFamily`.

    Args:
        source: ``module:function``, where the module may lie in the working folder, or the path of a ``.skops`` file
            that holds an estimator made of scikit-learn's types.

    Raises:
        TrainingError: there is no such module, function or file, or the file holds other types.
    """
    return _from_file(Path(source)) if source.endswith(".skops") else _from_module(source)


def _from_file(path: Path) -> Any:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TrainingError(f"{path}: {error.strerror}") from None
    strange = [name for name in types_beyond(data) if not name.startswith("sklearn.")]
    if strange:
        raise TrainingError(
            f"{path} holds {', '.join(strange)}, which is not scikit-learn's:"
            " give the pipeline as module:function instead"
        )
    return from_bytes(data, trusted=types_beyond(data), source=str(path))


def _from_module(source: str) -> Any:
    module_name, colon, function = source.partition(":")
    if not colon:
        raise TrainingError(f"pipeline={source} is not allowed: it is module:function, or the path of a .skops file")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(importlib.import_module(module_name), function)
    except ModuleNotFoundError as error:
        raise TrainingError(f"pipeline={source}: there is no module {error.name!r} here") from None
    except AttributeError:
        raise TrainingError(f"pipeline={source}: the module {module_name!r} has no {function!r}") from None
