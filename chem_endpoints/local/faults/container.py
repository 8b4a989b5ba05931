"""The container: bytes in, bytes out, as our server or a foreign one does it, and how long it takes."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from chem_endpoints.local.faults.quick_answer import quick_answer
from chem_endpoints.local.faults.release import ModelCrashError, Release
from chem_endpoints.local.faults.settings import RuntimeSettings
from chem_endpoints.wire import codec
from chem_endpoints.wire.answers import assemble_answer, empty_answer
from chem_endpoints.wire.columns import PREDICTION_ERROR, ROW_NUMBER, Reason
from chem_endpoints.wire.content_types import ARROW, answer_type, request_type
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.features import FeatureRows, read_features
from chem_endpoints.wire.manifest import Manifest
from chem_endpoints.wire.options import MODEL_DIGEST_KEY, RequestOptions, format_attributes, parse_options

TIMED_OUT = Reason.TIMEOUT.because("request deadline; send fewer rows, or use an async endpoint")
"""What our server says of a row that it did not come to."""

DIED = "the model's process died"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What arrives at the container.

    Attributes:
        body: encoded rows.
        content_type: their format, ``None`` as unknown.
        accept: the format wanted.
        attributes: value of the custom-attributes header.
    """

    body: bytes
    content_type: str | None = None
    accept: str | None = None
    attributes: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A container's answer with status 200."""

    body: bytes
    content_type: str
    attributes: str


@dataclass(frozen=True, kw_only=True)
class Worked:
    """What the container made of a request.

    Attributes:
        seconds: work.
        answer: its answer.
        status: HTTP status of its refusal, 0 when it died; 200 with an answer.
        message: body of the refusal.
        rows: rows that arrived; 0 when the body could not be read.
        sent: the model's features as they arrived, typed.
    """

    seconds: float
    answer: Answer | None = None
    status: int = 200
    message: str = ""
    rows: int = 0
    sent: pd.DataFrame | None = None


def work(request: Request, release: Release, settings: RuntimeSettings, *, available: float | None) -> Worked:
    """Answers a request.

    Args:
        request: what arrived.
        release: the model that serves.
        settings: how the server behaves.
        available: seconds until the server's deadline; ``None``: it has none.
    """
    if (quick := _quick(request, release, settings, available)) is not None:
        return quick
    try:
        content_type = request_type(request.content_type)
        accepted = answer_type(request.accept, request=content_type)
        options = parse_options(None if settings.foreign else request.attributes)
        manifest = release.manifest.asked(options.asked)
        sent = codec.decode(request.body, content_type)
        features = read_features(sent, release.read_features)
    except WireError as error:
        return _refused(settings.call_seconds, error.status, error.code, str(error))
    each = settings.seconds_of(features.frame)
    each[list(features.reasons)] = 0.0
    ends = settings.call_seconds + np.cumsum(each)
    total = float(ends[-1]) if len(ends) else settings.call_seconds
    late = set() if available is None else set(np.flatnonzero(ends > available).tolist())
    seconds = total if available is None else min(total, available)
    arrived = Worked(seconds=seconds, rows=len(sent), sent=features.frame)
    try:
        answer, bad = _predicted(features, release, manifest, late)
    except ModelCrashError:
        return replace(arrived, status=0, message=DIED)
    if bad and settings.on_bad_row == "crash":
        return replace(arrived, status=0, message=DIED)
    if bad and settings.on_bad_row == "refuse":
        return replace(arrived, status=500, message="Internal Server Error")
    try:
        body = _encoded(sent, answer, accepted, options, settings, release.digest)
    except WireError as error:
        return _refused(seconds, 406, error.code, str(error))
    attributes = "" if settings.foreign else format_attributes({MODEL_DIGEST_KEY: release.digest})
    return replace(arrived, answer=Answer(body=body, content_type=accepted, attributes=attributes))


def _quick(request: Request, release: Release, settings: RuntimeSettings, available: float | None) -> Worked | None:
    """The answer where nothing is uncommon; see `quick_answer`."""
    asked = parse_options(request.attributes)
    if release.quick is None or settings.foreign or asked.returned == "all" or asked.asked:
        return None
    if callable(settings.row_seconds):
        return None
    content_type = request.content_type or ""
    accepted = request.accept or content_type
    found = quick_answer(request.body, content_type, accepted, release.quick, release.digest)
    if found is None or (found.bad and settings.on_bad_row != "reason"):
        return None
    seconds = settings.call_seconds + settings.row_seconds * len(found.sent)
    if available is not None and seconds > available:
        return None
    answer = Answer(
        body=found.body,
        content_type=accepted,
        attributes=format_attributes({MODEL_DIGEST_KEY: release.digest}),
    )
    return Worked(seconds=seconds, answer=answer, rows=len(found.sent), sent=found.sent)


def _refused(seconds: float, status: int, code: str, message: str) -> Worked:
    return Worked(seconds=seconds, status=status, message=json.dumps({"code": code, "message": message}))


def _predicted(
    features: FeatureRows, release: Release, manifest: Manifest, late: set[int]
) -> tuple[pd.DataFrame, bool]:
    """The added columns of all rows, and whether one of them is bad (late ones are not)."""
    rows = len(features.frame)
    reasons = {**dict.fromkeys(late, TIMED_OUT), **features.reasons}
    usable = [row for row in range(rows) if row not in reasons]
    if usable:
        predicted = release.model(features.frame.iloc[usable]).set_axis(usable, axis="index")
    else:
        predicted = empty_answer(manifest.outputs, 0)
    answer = assemble_answer(predicted, manifest.outputs, rows=rows, reasons=reasons)
    told = answer[PREDICTION_ERROR]
    return answer, bool(((told != "") & (told != TIMED_OUT)).any())


def _encoded(
    sent: pd.DataFrame,
    answer: pd.DataFrame,
    accepted: str,
    options: RequestOptions,
    settings: RuntimeSettings,
    digest: str,
) -> bytes:
    if settings.foreign:
        answer = answer.drop(columns=PREDICTION_ERROR)
    if settings.foreign or options.returned == "all":
        own = sent.loc[:, [name not in answer.columns for name in sent.columns]]
    else:
        own = sent.loc[:, [name == ROW_NUMBER for name in sent.columns]]
    together = pd.concat([own.reset_index(drop=True), answer], axis="columns")
    body = codec.encode(together, accepted, own_columns=own.shape[1])
    return body if accepted != ARROW or settings.foreign else _with_digest(body, digest)


def _with_digest(body: bytes, digest: str) -> bytes:
    """An Arrow answer that names its model, as `chem_endpoints.wire.arrow_format.arrow_digest` reads it."""
    with pa.ipc.open_stream(pa.BufferReader(body)) as stream:
        table = stream.read_all()
    named = {**(table.schema.metadata or {}), MODEL_DIGEST_KEY: digest}
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema.with_metadata(named)) as stream:
        stream.write_table(table.replace_schema_metadata(named))
    return bytes(sink.getvalue())
