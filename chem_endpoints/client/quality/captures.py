"""Captured inferences of an endpoint: stored under a name by the caller, or by SageMaker's data capture."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from chem_endpoints.client.quality.capture_place import capture_place, own_captures_uri
from chem_endpoints.client.quality.captured_requests import read_captured
from chem_endpoints.client.quality.captured_rows import (
    CAPTURED_AT,
    DATA_CAPTURE,
    captured_rows,
    empty_columns,
)
from chem_endpoints.client.quality.named_captures import check_name, read_named, write_named
from chem_endpoints.client.retry import call
from chem_endpoints.client.run import Inferred
from chem_endpoints.errors import ForeignEndpointError, InvalidInputError
from chem_endpoints.wire.columns import ROW_NUMBER

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)

Time = datetime | str
"""A `datetime`, or ISO 8601 text such as ``2026-11-27`` or ``2026-11-27T09:30:00+01:00``; UTC without a zone."""


def store_capture(
    endpoint: Any,
    name: str,
    inferred: Inferred,
    *,
    inputs: pd.DataFrame,
    answers: pd.DataFrame,
    folder: str | os.PathLike[str] | None = None,
    time: datetime | None = None,
) -> str:
    """Stores what was asked and answered, with model digest, time and report, as one Parquet file.

    Failed rows are stored too, with their reasons. The file holds structures: in S3 it is encrypted with the bucket's
    key, expires on its day (docs/quality.md), and all callers of the endpoint may read it; in a folder its mode is
    0600.

    Args:
        endpoint: the `Endpoint` that answered.
        name: of the capture; several inferences may share it. Letters, digits, ``_`` and ``-``.
        inferred: fates and report of the inference.
        inputs: what was sent to the model, one column per feature (a row number is left out).
        answers: the columns that the model added, as many rows.
        folder: a folder of this machine or ``s3://bucket/prefix/``; default: the prefix that the endpoint's tag
            ``chem-endpoints:captures`` names.
        time: of the inference; default: now.

    Returns:
        Path or S3 URI of the file.

    Raises:
        InvalidInputError: the name cannot be one, or no place is known.
        AccessRefusedError: AWS does not let this caller write there.
    """
    check_name(name)
    return write_named(
        capture_place(endpoint, folder),
        name,
        inputs=inputs.drop(columns=ROW_NUMBER, errors="ignore"),
        answers=answers,
        digests=inferred.fates["model_sha256"].fillna("").tolist(),
        report=inferred.report,
        time=time or datetime.now(UTC),
    )


def check_capture(endpoint: Any, name: str, folder: str | os.PathLike[str] | None = None) -> None:
    """Refuses what `store_capture` would refuse, before anything is asked.

    Args:
        endpoint: the `Endpoint` that will answer.
        name: of the capture.
        folder: as for `store_capture`.

    Raises:
        InvalidInputError: the name cannot be one, or no place is known.
    """
    check_name(name)
    capture_place(endpoint, folder)


def captures(
    endpoint: Any,
    *,
    since: Time | None = None,
    until: Time | None = None,
    name: str | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> pd.DataFrame:
    """Everything captured of an endpoint: named captures, and what SageMaker's data capture wrote.

    Data capture is read where the endpoint captures and no ``name`` is given. It holds the requests of all callers, so
    that callers alone may not read it: s3:ListBucket and s3:GetObject on the capture prefix are needed.

    Args:
        endpoint: the `Endpoint`.
        since: first time, included; default: the beginning.
        until: last time, excluded; default: none.
        name: only the named captures of this name.
        folder: where named captures lie, as given to `store_capture`; default: the endpoint's own prefix, if it has
            one.

    Returns:
        One row per captured row, oldest first: ``captured_at``, ``capture`` (the name, or ``data-capture``),
        ``variant``, ``event_id``, ``inference_id``, ``row``, ``model_sha256``, ``capture_error``; the model's features;
        its outputs.

    Raises:
        AccessRefusedError: AWS does not let this caller read.
        InvalidInputError: a time cannot be read.
        ForeignEndpointError: without a manifest nobody knows the columns.
    """
    first, last = _time(since, EARLIEST), _time(until, LATEST)
    description = endpoint.description
    parts: list[pd.DataFrame] = []
    if folder is not None or own_captures_uri(description) is not None:
        parts += read_named(capture_place(endpoint, folder), first, last, name)
    if name is None and description.captured:
        if description.manifest is None:
            raise ForeignEndpointError(
                f"endpoint {endpoint.name!r} is not ours, so that the columns of its captured requests are unknown"
            )
        requests = read_captured(endpoint._clients.s3, _destination(endpoint), endpoint.name, first, last)
        parts.append(captured_rows(requests, description.manifest))
    return _together(parts)


def _destination(endpoint: Any) -> str:
    told = call(endpoint._clients.sagemaker.describe_endpoint, EndpointName=endpoint.name)
    return str(told["DataCaptureConfig"]["DestinationS3Uri"])


def _together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    if not filled:
        return parts[-1] if parts else empty_columns()
    together = pd.concat(filled, ignore_index=True)
    return together.sort_values(CAPTURED_AT, kind="stable", ignore_index=True)


def _time(given: Time | None, default: datetime) -> datetime:
    if given is None:
        return default
    try:
        time = datetime.fromisoformat(given) if isinstance(given, str) else given
    except ValueError:
        raise InvalidInputError("a time is a datetime or ISO 8601 text, such as 2026-11-27T09:30:00+01:00") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


__all__ = ["DATA_CAPTURE", "captures", "check_capture", "store_capture"]
