"""Examines a bundle: each promise in turn, against one server."""

import time
from collections.abc import Callable
from pathlib import Path

from chem_endpoints.check.outcome import BrokenPromiseError, NotAskedError
from chem_endpoints.check.promises.files import wants_arrays
from chem_endpoints.check.report import Report, Result
from chem_endpoints.check.sample import sample_rows
from chem_endpoints.check.subject import Subject
from chem_endpoints.check.table import PROMISES, Promise
from chem_endpoints.client.local_server import describe_bundle
from chem_endpoints.errors import EndpointError

LOAD_SECONDS = 10.0


def check_bundle(
    bundle: Path | str,
    *,
    rows: Path | None = None,
    seconds: float = LOAD_SECONDS,
    max_ms: float | None = None,
    told: Callable[[str], object] = lambda promise: None,
) -> Report:
    """Asks a bundle, served by the image's own server on this machine, for everything that a caller relies on.

    Args:
        bundle: a ``model.tar.gz``, or the folder that it was unpacked into.
        rows: file of rows that the model answers, in any format of `chem_endpoints.client.files`; they are used beside
            the golden rows. A bundle without a manifest is asked only with these.
        seconds: how long the bundle is put under load, for latency and for memory together.
        max_ms: what the 95th percentile of one row's latency must stay below, in milliseconds; default: no bound.
        told: is called with each promise before it is examined.

    Raises:
        FileError: ``rows`` cannot be read.
        FeatureMismatchError: its columns do not fit the model.
        EndpointError: the server's libraries are not installed.
    """
    began = time.perf_counter()
    path = Path(bundle)
    subject = Subject(bundle=path, rows=sample_rows(None, None), seconds=seconds / 2, max_ms=max_ms)
    try:
        subject.description = describe_bundle(path)
    except EndpointError:
        pass  # the first promise finds it broken, and says why
    else:
        subject.rows = sample_rows(subject.manifest, rows)
        subject.positional = subject.manifest is None and wants_arrays(path, subject.rows)
    results: list[Result] = []
    try:
        for promise in PROMISES:
            told(promise.text)
            results.append(_examined(promise, subject))
    finally:
        subject.stop()
    return Report(
        bundle=str(bundle),
        model_sha256=subject.description.digest if subject.description is not None else "",
        rows=len(subject.rows),
        seconds=time.perf_counter() - began,
        results=tuple(results),
    )


def _examined(promise: Promise, subject: Subject) -> Result:
    try:
        kept = promise.examine(subject)
    except BrokenPromiseError as broken:
        return Result(
            check=promise.id, promise=promise.text, result="FAIL", happened=broken.happened, remedy=broken.remedy
        )
    except NotAskedError as reason:
        return Result(check=promise.id, promise=promise.text, result="skipped", figure=str(reason))
    return Result(check=promise.id, promise=promise.text, result="PASS", figure=kept.figure, figures=kept.figures)
