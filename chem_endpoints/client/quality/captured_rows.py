"""From captured requests to rows: what was asked beside what was answered, typed as the manifest says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from chem_endpoints.client.quality.captured_requests import Body, CapturedRequest
from chem_endpoints.wire import codec
from chem_endpoints.wire.columns import ROW_NUMBER
from chem_endpoints.wire.compression import GZIP_MAGIC, inflate
from chem_endpoints.wire.content_types import request_type
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.manifest import Manifest, Output, answer_columns
from chem_endpoints.wire.matching import match_columns
from chem_endpoints.wire.typed_columns import PANDAS_DTYPES, typed

CAPTURED_AT = "captured_at"
CAPTURE_ERROR = "capture_error"
SOURCE = "capture"
"""Name of a named capture, or `DATA_CAPTURE`."""
DATA_CAPTURE = "data-capture"

DIGEST = "model_sha256"
"""As in `chem_endpoints.client.fates`."""

CAPTURE_COLUMNS = (CAPTURED_AT, SOURCE, "variant", "event_id", "inference_id", "row", DIGEST, CAPTURE_ERROR)
"""Columns before the model's own: time (UTC), where the row comes from, production variant, AWS's id of the capture,
the caller's inference id, position in the request, digest of the model that answered ("" unknown), and why inputs or
outputs are missing ("" for a good row)."""

BODY_LIMIT = 64 * 1024**2
"""Bytes to which a captured body may unpack; more than any request of a real-time endpoint has."""


def captured_rows(requests: Sequence[CapturedRequest], manifest: Manifest) -> pd.DataFrame:
    """One row per row that was asked for; a request that cannot be read is one row that says why.

    Args:
        requests: what `read_captured` found.
        manifest: of the model; columns that it does not name are left out.

    Returns:
        `CAPTURE_COLUMNS`, the model's features (what was sent), and its outputs.
    """
    outputs = declared_outputs(manifest)
    features = tuple(Output(name=feature.name, dtype=feature.dtype) for feature in manifest.features)
    read = [_read(request, manifest, outputs) for request in requests]
    return pd.concat(
        [
            _described(read),
            _typed(_stacked([one.inputs for one in read], read), features),
            _typed(_stacked([one.answers for one in read], read), outputs),
        ],
        axis="columns",
    )


def declared_outputs(manifest: Manifest) -> tuple[Output, ...]:
    """Every column that an answer of the model can hold."""
    on_request = [output for option in sorted(manifest.on_request) for output in manifest.on_request[option]]
    return (*answer_columns(manifest.outputs), *on_request)


def empty_columns() -> pd.DataFrame:
    """`CAPTURE_COLUMNS` without rows."""
    return _described([])


def describe_named(name: str, time: datetime, digests: Sequence[str]) -> pd.DataFrame:
    """`CAPTURE_COLUMNS` of a named capture, whose rows were answered by models of these digests."""
    request = CapturedRequest(time=time, variant="")
    frame = _described([_Read(request=request, numbers=list(range(len(digests))))])
    return frame.assign(
        **{SOURCE: pd.Series([name] * len(frame), dtype="str"), DIGEST: pd.Series(digests, dtype="str")}
    )


@dataclass(kw_only=True)
class _Read:
    """A request, the positions of its rows in its caller's frame, and what could not be read of it."""

    request: CapturedRequest
    numbers: list[int]
    inputs: pd.DataFrame | None = None
    answers: pd.DataFrame | None = None
    errors: list[str] = field(default_factory=list)


def _read(request: CapturedRequest, manifest: Manifest, outputs: tuple[Output, ...]) -> _Read:
    errors = [request.error] if request.error else []
    asked = _decoded(request.asked, "request", errors)
    answered = _decoded(request.answered, "answer", errors)
    if asked is None and answered is None:  # one row that says so
        return _Read(request=request, numbers=[0], errors=errors or ["neither request nor answer was captured"])
    numbers = _numbers(asked if asked is not None else answered)
    return _Read(
        request=request,
        numbers=numbers,
        inputs=_features(asked, manifest, errors),
        answers=_answers(answered, numbers, outputs, errors),
        errors=errors,
    )


def _described(read: Sequence[_Read]) -> pd.DataFrame:
    """`CAPTURE_COLUMNS`, a row for each row of the requests; made at once, as there may be many requests."""
    counts = [len(one.numbers) for one in read]

    def repeated(cells: list[str]) -> "pd.Series[Any]":
        return pd.Series(np.repeat(np.array(cells, dtype=object), counts).tolist(), dtype="str")

    times = pd.Series(pd.to_datetime([one.request.time for one in read], utc=True), dtype="datetime64[ns, UTC]")
    columns: dict[str, pd.Series[Any]] = {
        CAPTURED_AT: times.repeat(counts).reset_index(drop=True),
        SOURCE: repeated([DATA_CAPTURE] * len(read)),
        "variant": repeated([one.request.variant for one in read]),
        "event_id": repeated([one.request.event for one in read]),
        "inference_id": repeated([one.request.inference for one in read]),
        "row": pd.Series([number for one in read for number in one.numbers], dtype="Int64"),
        DIGEST: repeated([one.request.digest for one in read]),
        CAPTURE_ERROR: repeated(["; ".join(one.errors) for one in read]),
    }
    return pd.DataFrame(columns)


def _stacked(frames: Sequence[pd.DataFrame | None], read: Sequence[_Read]) -> pd.DataFrame:
    """The frames one below the other, empty rows where there is none."""
    parts = [
        pd.DataFrame(index=pd.RangeIndex(len(one.numbers))) if frame is None else frame
        for frame, one in zip(frames, read, strict=True)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(index=pd.RangeIndex(0))


def _decoded(side: Body | None, name: str, errors: list[str]) -> pd.DataFrame | None:
    if side is None:
        return None
    try:
        body = inflate(side.body, limit=BODY_LIMIT) if side.body.startswith(GZIP_MAGIC) else side.body
        return codec.decode(body, request_type(side.content_type)).reset_index(drop=True)
    except WireError:
        errors.append(f"the {name} is in no format of this client")
        return None


def _numbers(frame: pd.DataFrame | None) -> list[int]:
    """Position of each row in its caller's frame, as our client says, else in the request."""
    assert frame is not None, "one of request and answer was read"
    if ROW_NUMBER in frame.columns:
        read = pd.to_numeric(frame[ROW_NUMBER], errors="coerce")
        if not read.isna().any() and read.is_unique:
            return [int(number) for number in read]
    return list(range(len(frame)))


def _features(frame: pd.DataFrame | None, manifest: Manifest, errors: list[str]) -> pd.DataFrame | None:
    if frame is None:
        return None
    try:
        positions = match_columns(list(frame.columns), manifest.features)
    except WireError:  # for example another version of the model
        errors.append("the request has not the columns of the model that is deployed now")
        return None
    return frame.iloc[:, list(positions.values())].set_axis(list(positions), axis="columns").astype(object)


def _answers(
    frame: pd.DataFrame | None, numbers: list[int], outputs: tuple[Output, ...], errors: list[str]
) -> pd.DataFrame | None:
    if frame is None:
        return None
    own = frame.loc[:, ~frame.columns.duplicated()]
    if ROW_NUMBER in own.columns and (told := _numbers(own)) != numbers:  # a stream's rows come as they finish
        own = own.set_axis(pd.Index(told), axis="index").reindex(numbers)
    elif len(own) != len(numbers):
        errors.append(f"{len(numbers)} rows were sent and {len(own)} came back")
        return None
    return own[[output.name for output in outputs if output.name in own.columns]].astype(object)


def _typed(frame: pd.DataFrame, declared: tuple[Output, ...]) -> pd.DataFrame:
    """Columns as declared; what does not fit is missing."""
    columns: dict[str, pd.Series[Any]] = {}
    for output in declared:
        if output.name in frame.columns:
            cells = frame[output.name].astype(object)
            cells = cells.where(cells.notna(), None)
            columns[output.name] = typed(cells, output.dtype, infinite=True).values
        else:
            missing = np.nan if output.dtype == "float64" else None
            columns[output.name] = pd.Series([missing] * len(frame), dtype=PANDAS_DTYPES[output.dtype])
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))
