"""Which rows two models answer differently, from the answers that are kept."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.client.cache.answers import AnswerSchema, unpack
from chem_endpoints.wire.manifest import Dtype
from chem_endpoints.wire.typed_columns import PANDAS_DTYPES

ROWS_AT_ONCE = 10_000
ROW_KEY = "row_key"
OLD_SUFFIX, NEW_SUFFIX = "_old", "_new"


class Pairs(Protocol):
    """Where answers are kept."""

    def schemas(self) -> list[AnswerSchema]:
        """Schemas of the answers that are kept."""
        ...

    def pairs(
        self, old: AnswerSchema, new: AnswerSchema, *, at_once: int
    ) -> Iterator[list[tuple[bytes, bytes, bytes]]]:
        """Rows that both answered: key, old answer, new answer."""
        ...


def differing_rows(kept: Pairs, old_model: str, new_model: str, *, tolerance: float) -> pd.DataFrame:
    """The rows that both models answered, and not alike.

    Args:
        kept: where answers are kept.
        old_model: digest of one model.
        new_model: digest of the other.
        tolerance: numbers that differ by at most this share of the old one are alike; 0: bit for bit but for the sign
            of zero.

    Returns:
        ``row_key`` (hexadecimal), and each column that both models give as ``<name>_old`` and ``<name>_new``.
    """
    schemas = kept.schemas()
    frames: list[pd.DataFrame] = []
    columns: dict[str, Dtype] = {}
    for old in (schema for schema in schemas if schema.model == old_model):
        for new in (schema for schema in schemas if schema.model == new_model and schema.asked == old.asked):
            common = [column for column in old.columns if column in new.columns]
            columns |= dict(common)
            for some in kept.pairs(old, new, at_once=ROWS_AT_ONCE):
                frames.append(_differing(some, old, new, common, tolerance))
    empty = _empty(columns)
    found = [frame for frame in frames if len(frame)]
    if not found:
        return empty
    together = pd.concat(found, ignore_index=True).reindex(columns=empty.columns)
    return together.drop_duplicates(ROW_KEY, ignore_index=True)


def _differing(
    pairs: list[tuple[bytes, bytes, bytes]],
    old: AnswerSchema,
    new: AnswerSchema,
    common: Iterable[tuple[str, Dtype]],
    tolerance: float,
) -> pd.DataFrame:
    before = unpack([answer for _, answer, _ in pairs], old)
    after = unpack([answer for _, _, answer in pairs], new)
    keys = pd.Series([key.hex() for key, _, _ in pairs], dtype="str")
    columns: dict[str, Any] = {ROW_KEY: keys}
    differs = np.zeros(len(pairs), dtype=bool)
    for name, dtype in common:
        columns[name + OLD_SUFFIX], columns[name + NEW_SUFFIX] = before[name], after[name]
        differs |= ~_alike(before[name], after[name], dtype, tolerance)
    return pd.DataFrame(columns)[differs]


def _alike(old: "pd.Series[Any]", new: "pd.Series[Any]", dtype: Dtype, tolerance: float) -> npt.NDArray[np.bool_]:
    alike: npt.NDArray[np.bool_] = (old.isna() & new.isna()).to_numpy(dtype=bool)
    if dtype == "float64":
        alike = alike | np.isclose(new.to_numpy(), old.to_numpy(), rtol=tolerance, atol=0.0)
    else:
        alike = alike | (old == new).fillna(False).to_numpy(dtype=bool)
    return alike


def _empty(columns: dict[str, Dtype]) -> pd.DataFrame:
    typed = {ROW_KEY: pd.Series([], dtype="str")}
    for name, dtype in columns.items():
        for suffix in (OLD_SUFFIX, NEW_SUFFIX):
            typed[name + suffix] = pd.Series([], dtype=PANDAS_DTYPES[dtype])
    return pd.DataFrame(typed)
