"""Requests to scripts that read or write bodies themselves, and to bundles without a manifest.

Nothing is known here of the columns, so a request goes through the script as a whole; rows that make ``predict_fn``
raise are still found one by one, and come back in their place without a prediction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from chem_endpoints.wire import codec
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.content_types import request_type
from chem_endpoints.wire.errors import NotAcceptableError, WireError
from chem_endpoints.wire.manifest import Feature
from chem_endpoints.wire.matching import match_columns
from container.server.bare_arrays import BareRows, as_array, write_array
from container.server.body_functions import read_body, wanted_type, write_body
from container.server.declared_rows import predict_declared
from container.server.foreign_bundle import ForeignBundle, Layout
from container.server.loading import LoadedModel
from container.server.row_isolation import Announce, Piece, has_rows, predict_isolating
from container.server.script_error import ScriptError
from container.server.whole_rows import same_cells, whole_result


@dataclass(frozen=True, kw_only=True)
class WholeAnswer:
    """What a worker answers to a whole body.

    Attributes:
        body: the answer's body.
        content_type: its format, as the script or the negotiation says.
        rows: rows that were asked for; 0 where only the script knows.
        reasons: rows without a prediction → why.
    """

    body: bytes
    content_type: str
    rows: int
    reasons: dict[int, str]


def predict_whole_body(
    body: bytes,
    content_type: str | None,
    accept: str | None,
    loaded: LoadedModel,
    announce: Announce,
    *,
    known_bad: Mapping[int, str] | None = None,
) -> WholeAnswer:
    """Answers a request, its headers as they came.

    Args:
        body: the request's body.
        content_type: its ``Content-Type`` header.
        accept: its ``Accept`` header.
        loaded: the model.
        announce: told which rows the model is about to see.
        known_bad: rows that an earlier try has proved to be at fault → reason; they are not predicted.

    Raises:
        WireError: the request as a whole is at fault.
        ScriptError: the model script is.
    """
    script = loaded.script
    wanted = wanted_type(accept, content_type, own_output=script.output_fn is not None)
    read = _read(body, content_type, loaded)
    reasons = {**read.reasons, **(known_bad or {})}
    prediction = _predict(read.data, reasons, loaded, announce)
    if script.output_fn is not None:
        written, written_type = write_body(script.output_fn, prediction, wanted)
    else:
        written, written_type = _encode(prediction, read.data, wanted), wanted
    return WholeAnswer(
        body=written,
        content_type=written_type,
        rows=len(read.data) if has_rows(read.data) else 0,
        reasons=_told(prediction[PREDICTION_ERROR]) if _tells_errors(prediction) else reasons,
    )


def _read(body: bytes, content_type: str | None, loaded: LoadedModel) -> BareRows:
    if loaded.script.input_fn is not None:
        return BareRows(data=read_body(loaded.script.input_fn, body, content_type), reasons={})
    toolkit = isinstance(loaded.bundle, ForeignBundle) and loaded.bundle.layout is Layout.TOOLKIT
    try:
        frame = codec.decode(body, request_type(content_type), positional=toolkit)
        return as_array(frame) if toolkit else BareRows(data=frame, reasons={})
    except WireError:
        raise
    except Exception as error:  # noqa: BLE001 - no body, however strange, is our fault
        raise WireError(f"the body cannot be read ({type(error).__name__})") from None


def _predict(data: Any, reasons: dict[int, str], loaded: LoadedModel, announce: Announce) -> Any:
    """The prediction for the whole body; ``reasons`` gains the rows that raised."""
    if loaded.manifest is not None and isinstance(data, pd.DataFrame):
        return predict_declared(data, loaded.manifest, _predictor(data, loaded), announce, reasons=reasons)
    predict = _predictor(data, loaded)
    if not has_rows(data):
        try:
            return predict(data)
        except Exception as error:  # noqa: BLE001 - a model script may raise anything
            raise ScriptError(f"predict_fn raised {type(error).__name__}") from None
    if len(data) == 0:
        return whole_result([Piece(rows=[], result=_predict_none(predict, data))], data, {})
    isolated = predict_isolating(predict, data, skip=reasons, announce=announce)
    reasons.update(isolated.reasons)
    return whole_result(isolated.pieces, data, reasons)


def _predict_none(predict: Callable[[Any], Any], data: Any) -> Any:
    try:
        return predict(data)
    except Exception:  # noqa: BLE001 - a model script may raise anything
        raise WireError(
            "the body holds no rows, and this model's script cannot answer that. Send one at least"
        ) from None


def _predictor(data: Any, loaded: LoadedModel) -> Callable[[Any], Any]:
    """``predict_fn`` with its model, the features named as at training whatever their case in the caller's frame."""
    predict_fn, model = loaded.script.predict_fn, loaded.model
    features = loaded.bundle.feature_columns if isinstance(loaded.bundle, ForeignBundle) else ()
    if not features or not isinstance(data, pd.DataFrame):
        return lambda rows: predict_fn(rows, model)
    wanted = [Feature(name=name, dtype="float64") for name in features]
    found = match_columns(list(data.columns), wanted)
    as_trained = {data.columns[position]: name for name, position in found.items() if data.columns[position] != name}
    as_sent = {name: column for column, name in as_trained.items()}

    def predict(rows: pd.DataFrame) -> Any:
        result: Any = predict_fn(rows.rename(columns=as_trained), model)
        return result.rename(columns=as_sent) if isinstance(result, pd.DataFrame) else result

    return predict


def _encode(prediction: Any, sent: Any, content_type: str) -> bytes:
    if not isinstance(prediction, pd.DataFrame):
        return write_array(prediction, content_type, rows=len(sent) if has_rows(sent) else len(prediction))
    try:
        return codec.encode(prediction, content_type, own_columns=_own_columns(prediction, sent))
    except WireError as error:
        raise NotAcceptableError(f"the answer cannot be written as {content_type}: {error}") from None


def _own_columns(prediction: pd.DataFrame, sent: Any) -> int:
    """How many of the answer's leading columns are the caller's own, unchanged."""
    if not isinstance(sent, pd.DataFrame):
        return 0
    pairs = zip(prediction.columns, sent.columns, strict=False)
    for position, (name, own) in enumerate(pairs):
        if name != own or not same_cells(prediction.iloc[:, position], sent.iloc[:, position]):
            return position
    return min(prediction.shape[1], sent.shape[1])


def _told(errors: "pd.Series[Any]") -> dict[int, str]:
    return {row: str(told) for row, told in enumerate(errors) if not pd.isna(told) and told}


def _tells_errors(prediction: Any) -> bool:
    return isinstance(prediction, pd.DataFrame) and PREDICTION_ERROR in prediction.columns
