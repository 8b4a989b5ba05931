"""Pickles are read with the operator's permission only: reading one runs whatever code it names.

Python raises the audit event ``pickle.find_class`` whenever a pickle names a class or function, which it must do
before it can call anything. `pickle`, `joblib`, ``numpy.load(allow_pickle=True)`` and
``torch.load(weights_only=False)`` all pass there; ``torch.load(weights_only=True)``, safetensors, skops, XGBoost's own
formats and pickles of plain numbers and texts do not.
Source: "Audit events table" (Python library reference).
"""

import functools
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chem_endpoints.wire import environment
from chem_endpoints.wire.bundle import BundleError

_CODE_SUFFIXES = (".py", ".pyc", ".so")


class _Watch(threading.local):
    """What this thread does: whether pickles are refused, the file opened last, the refusal if there was one."""

    active = False
    opened: str | None = None
    refusal: BundleError | None = None


_watch = _Watch()


@contextmanager
def refusing_pickle(allowed: bool) -> Iterator[None]:
    """While the block runs in this thread, a pickle that names code is refused, unless ``allowed``.

    Raises:
        BundleError: the block tried to read one; names the file, and how to permit it. A script that copes with the
            refusal, by reading something else, may go on.
    """
    if allowed:
        yield
        return
    _install_hook()
    _watch.active, _watch.opened, _watch.refusal = True, None, None
    try:
        yield
    except Exception as error:
        if _watch.refusal is not None and error is not _watch.refusal:
            # The script or a library has wrapped the refusal in an error of its own, which does not say what to do.
            raise _watch.refusal from error
        raise
    finally:
        _watch.active, _watch.refusal = False, None


@functools.cache
def _install_hook() -> None:
    sys.addaudithook(_audit)  # for good: Python offers no way to take one away, hence one for the whole process


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watch.active:
        return
    if event == "open" and isinstance(arguments[0], str) and not arguments[0].endswith(_CODE_SUFFIXES):
        _watch.opened = arguments[0]
    elif event == "pickle.find_class":
        _watch.refusal = BundleError(_message(_watch.opened))
        raise _watch.refusal


def _message(opened: str | None) -> str:
    artifact = repr(Path(opened).name) if opened else "an artifact"
    return (
        f"the model script reads {artifact}, a pickle (joblib and whole torch models are pickles too), which runs code"
        f" when it is read. Set {environment.ALLOW_PICKLE}=1 if you trust whoever made the bundle, or save the model in"
        " a format without code: XGBoost UBJ, safetensors, skops, Parquet"
    )
