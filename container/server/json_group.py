"""JSON of numbers that needs no DataFrame: records with the same keys, read into a matrix and written as they came."""

from array import array
from collections.abc import Callable
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from chem_endpoints.wire import json_cells
from chem_endpoints.wire.cell_numbers import MALFORMED, read_number
from chem_endpoints.wire.columns import PREDICTION_ERROR, ROW_NUMBER
from chem_endpoints.wire.content_types import JSON, JSON_LINES
from chem_endpoints.wire.errors import FeatureMismatchError
from chem_endpoints.wire.manifest import Feature, Manifest, answer_columns
from chem_endpoints.wire.matching import match_columns, missing_reason, reason_of_cell, unusable_reason
from container.server.answer import NumberAnswer
from container.server.asking import Ask
from container.server.plain_csv import Numbers

Record = dict[str, Any]
_PLAIN = {float, int}
_SCALARS = {float, int, bool, str, type(None)}


class JsonGroup:
    """Records of one body, answered in JSON or JSON Lines; see `container.server.row_group.RowGroup`."""

    def __init__(self, records: list[Record], numbers: Numbers, manifest: Manifest, ask: Ask) -> None:
        self._records, self._numbers, self._manifest, self._ask = records, numbers, manifest, ask
        self.rows = len(records)

    @property
    def reasons(self) -> dict[int, str]:
        """Rows that cannot be predicted → why."""
        return self._numbers.reasons

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The features, one row per row."""
        return pd.DataFrame(self.matrix, columns=[feature.name for feature in self._manifest.features])

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """The features, float64 ``[rows, features]``."""
        return self._numbers.matrix

    def part(self, start: int, stop: int, answer: pd.DataFrame, *, first: bool) -> bytes:
        """The answer's bytes for these rows."""
        columns = dict(zip(answer.columns, json_cells.column_values(answer), strict=True))
        return self._written(start, stop, columns, first=first)

    def number_part(self, start: int, stop: int, answer: NumberAnswer, *, first: bool) -> bytes:
        """The same, without a DataFrame."""
        columns: dict[str, list[Any]] = {
            name: json_cells.number_values(values) for name, values in answer.columns.items()
        }
        columns[PREDICTION_ERROR] = [answer.reasons.get(row, "") for row in range(answer.rows)]
        return self._written(start, stop, columns, first=first)

    def _written(self, start: int, stop: int, columns: dict[str, list[Any]], *, first: bool) -> bytes:
        objects = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        own = self._records[start:stop]
        if self._ask.returned == "added":
            own = [{ROW_NUMBER: record[ROW_NUMBER]} if ROW_NUMBER in record else {} for record in own]
        texts = [orjson.dumps({**record, **added}) for record, added in zip(own, objects, strict=True)]
        if self._ask.accept == JSON_LINES:
            return b"".join([text + b"\n" for text in texts])
        opening = b"[" if first else b"," if texts else b""
        return opening + b",".join(texts)


def json_group(data: bytes, manifest: Manifest, ask: Ask) -> JsonGroup | None:
    """The group of a body of records, or ``None``: it needs the general reader."""
    formats = (JSON, JSON_LINES)
    if ask.content_type not in formats or ask.accept not in formats or ask.strict:
        return None
    records = _records(data, ask.content_type)
    if not records:
        return None
    names = list(records[0])
    added = {output.name for output in answer_columns(manifest.outputs)}
    if added & set(names) or any(list(record) != names for record in records):
        return None
    try:
        places = match_columns(names, manifest.features)
    except FeatureMismatchError:  # the general reader says so too, unless it finds something worse
        return None
    keys = [names[places[feature.name]] for feature in manifest.features]
    return JsonGroup(records, _numbers(records, keys, manifest.features), manifest, ask)


def _records(data: bytes, content_type: str) -> list[Record] | None:
    parse = json_cells.plain_parser_of(data)
    if parse is None:
        return None
    try:
        document = parse(data) if content_type == JSON else [parse(line) for line in data.split(b"\n") if line.strip()]
    except ValueError:  # the general reader reads it after all, or says where it is wrong
        return None
    if isinstance(document, dict) and "instances" in document:
        document = document["instances"]
    if not isinstance(document, list):
        return None
    plain = all(type(record) is dict and _SCALARS.issuperset(map(type, record.values())) for record in document)
    return document if plain else None


def _numbers(records: list[Record], keys: list[str], features: tuple[Feature, ...]) -> Numbers:
    pick: Callable[[Record], tuple[Any, ...]] = (
        itemgetter(*keys) if len(keys) > 1 else lambda record: (record[keys[0]],)
    )
    flat, reasons = array("d"), dict[int, str]()
    for row, record in enumerate(records):
        cells = pick(record)
        if set(map(type, cells)) <= _PLAIN:
            flat.extend(map(float, cells))
            continue
        for cell, feature in zip(cells, features, strict=True):
            number, told = _number(cell, feature)
            flat.append(number)
            if told:
                reasons.setdefault(row, told)
    return Numbers(matrix=np.frombuffer(flat, dtype=np.float64).reshape(len(records), len(keys)), reasons=reasons)


def _number(cell: Any, feature: Feature) -> tuple[float, str | None]:
    if cell is None:
        return float("nan"), missing_reason(feature) if feature.missing == "error" else None
    if isinstance(cell, str):
        return reason_of_cell(cell, feature)
    number = read_number(cell)
    return (float("nan"), unusable_reason(feature)) if number is MALFORMED else (float(cell), None)
