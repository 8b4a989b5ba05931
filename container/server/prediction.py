"""One request inside a worker: parse, match, predict, serialise; each bad row alone pays for itself."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from chem_endpoints.wire import codec
from chem_endpoints.wire.answers import assemble_answer, empty_answer
from chem_endpoints.wire.columns import PREDICTION_ERROR, ROW_NUMBER, Reason
from chem_endpoints.wire.errors import NotAcceptableError, WireError
from chem_endpoints.wire.features import FeatureRows, read_features
from chem_endpoints.wire.manifest import answer_columns
from chem_endpoints.wire.options import Return
from chem_endpoints.wire.typed_columns import PANDAS_DTYPES, kind_of
from container.server.loading import LoadedModel
from container.server.requests import Request

Announce = Callable[[list[int]], None]
"""Told which rows of the request the model is about to see."""


class ScriptError(Exception):
    """The model script broke its contract: our mistake, not the caller's."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a worker answers: the body, and figures for the log line."""

    body: bytes
    rows: int
    bad_rows: dict[str, int]
    milliseconds: dict[str, float]


def predict_request(request: Request, loaded: LoadedModel, announce: Announce) -> Result:
    """Answers a request with one row per row.

    Raises:
        WireError: the request as a whole is at fault.
        ScriptError: the model script is.
    """
    manifest = loaded.bundle.manifest
    started = time.perf_counter()
    sent, features = _read(request, loaded)
    reasons = {**features.reasons, **request.known_bad}
    if request.fail_all:
        reasons = {row: reasons.get(row, request.fail_all) for row in range(len(sent))}
    parsed = time.perf_counter()
    good = features.frame.drop(index=[row for row in reasons if row < len(sent)])
    predicted = _predict_isolating(good, loaded, announce)
    answer = assemble_answer(predicted, manifest.outputs, rows=len(sent), reasons=reasons)
    done = time.perf_counter()
    body = _write(sent, answer, request)
    written = time.perf_counter()
    return Result(
        body=body,
        rows=len(sent),
        bad_rows=dict(Counter(_counted_as(told) for told in answer[PREDICTION_ERROR] if told)),
        milliseconds={
            "parse": round((parsed - started) * 1e3, 3),
            "predict": round((done - parsed) * 1e3, 3),
            "serialise": round((written - done) * 1e3, 3),
        },
    )


def _read(request: Request, loaded: LoadedModel) -> tuple[pd.DataFrame, FeatureRows]:
    try:
        sent = codec.decode(request.body, request.content_type)
        return sent, _features(sent, loaded)
    except WireError:
        raise
    except Exception as error:  # noqa: BLE001 - no body, however strange, is our fault
        raise WireError(f"the body cannot be read ({type(error).__name__})") from None


def _write(sent: pd.DataFrame, answer: pd.DataFrame, request: Request) -> bytes:
    own = _own_columns(sent, answer, request.returned)
    added = answer.set_axis(sent.index, axis="index")
    try:
        return codec.encode(pd.concat([own, added], axis="columns"), request.accept, own_columns=own.shape[1])
    except WireError as error:
        raise NotAcceptableError(f"the answer cannot be written as {request.accept}: {error}") from None


def _own_columns(sent: pd.DataFrame, answer: pd.DataFrame, returned: Return) -> pd.DataFrame:
    if returned == "added":
        return sent.loc[:, [name == ROW_NUMBER for name in sent.columns]]
    return sent.loc[:, [name not in answer.columns for name in sent.columns]]


def _counted_as(told: str) -> str:
    # A script's own reason may quote a structure, and counts are logged: only known reasons go there by name.
    word = told.partition(":")[0]
    return word if word in set(Reason) else "other"


def _features(sent: pd.DataFrame, loaded: LoadedModel) -> FeatureRows:
    if len(sent) == 0 and len(sent.columns) == 0:  # an empty JSON list: no rows, hence no columns to match
        return FeatureRows(frame=pd.DataFrame(index=pd.RangeIndex(0)), reasons={})
    return read_features(sent, loaded.bundle.manifest.features)


def _predict_isolating(frame: pd.DataFrame, loaded: LoadedModel, announce: Announce) -> pd.DataFrame:
    """Predicts the rows together; when that raises, halves them until the rows at fault stand alone."""
    if len(frame) == 0:
        return empty_answer(loaded.bundle.manifest.outputs, 0)
    announce(frame.index.tolist())
    try:
        predicted = loaded.script.predict_fn(frame.reset_index(drop=True), loaded.model)
    except Exception as error:  # noqa: BLE001 - a model script may raise anything; the row carries it
        if len(frame) > 1:
            middle = len(frame) // 2
            halves = (frame.iloc[:middle], frame.iloc[middle:])
            return pd.concat([_predict_isolating(half, loaded, announce) for half in halves])
        failed = empty_answer(loaded.bundle.manifest.outputs, 1).set_axis(frame.index, axis="index")
        # The exception's text may quote the row; its type does not.
        failed[PREDICTION_ERROR] = Reason.PREDICTION_FAILED.because(f"the model raised {type(error).__name__}")
        return failed
    finally:
        announce([])
    return _checked(predicted, loaded, rows=len(frame)).set_axis(frame.index, axis="index")


def _checked(predicted: pd.DataFrame, loaded: LoadedModel, *, rows: int) -> pd.DataFrame:
    wanted = [output.name for output in answer_columns(loaded.bundle.manifest.outputs)]
    if not isinstance(predicted, pd.DataFrame):
        raise ScriptError(f"predict_fn returned a {type(predicted).__name__}, not a DataFrame")
    missing = [name for name in wanted if name not in predicted.columns and name != PREDICTION_ERROR]
    if missing:
        raise ScriptError(f"predict_fn did not add the declared columns {missing}")
    if not predicted.index.equals(pd.RangeIndex(rows)):
        raise ScriptError(
            f"predict_fn got {rows} rows and returned {len(predicted)}, or changed their index; it must return the same"
            " rows in the same order"
        )
    typed = predicted[[name for name in wanted if name in predicted.columns]].copy()
    for output in loaded.bundle.manifest.outputs:
        try:
            typed[output.name] = typed[output.name].astype(pd.api.types.pandas_dtype(PANDAS_DTYPES[output.dtype]))
        except (TypeError, ValueError):
            raise ScriptError(f"predict_fn's column {output.name!r} does not hold {kind_of(output.dtype)}") from None
    return typed
