"""What `Endpoint.inference` takes: a DataFrame, SMILES as text, list or Series, molecules, or a file."""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import pandas as pd

from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.columns import SMILES

Rows = "pd.DataFrame | pd.Series[Any] | str | PathLike[str] | Sequence[Any]"
"""A DataFrame; one SMILES; a list or Series of SMILES or RDKit molecules; a file that `read_rows` reads."""


def as_frame(rows: Any) -> pd.DataFrame:
    """The rows as a DataFrame; a DataFrame comes back as it is.

    Raises:
        InvalidInputError: something else, or a file that cannot be read.
    """
    if isinstance(rows, pd.DataFrame):
        return rows
    if isinstance(rows, str | PathLike):
        from chem_endpoints.client.files import rows_from

        found = rows_from(rows)
        return found if found is not None else pd.DataFrame({SMILES: pd.Series([str(rows)], dtype="str")})
    if isinstance(rows, pd.Series):
        name = rows.name if isinstance(rows.name, str) else SMILES
        return rows.to_frame(name=name)
    if isinstance(rows, Sequence) and not isinstance(rows, bytes) and not isinstance(rows, Mapping):
        if all(isinstance(text, str) for text in rows):
            return pd.DataFrame({SMILES: pd.Series(list(rows), dtype="str")})
        if all(text is None or isinstance(text, str) or _is_molecule(text) for text in rows):
            return pd.DataFrame({SMILES: pd.Series(list(rows), dtype=object)})
    raise InvalidInputError(
        f"send a DataFrame, a Series, one SMILES, a list of SMILES or molecules, or a file, not {type(rows).__name__}"
    )


def with_smiles(frame: pd.DataFrame, column: Any | None) -> tuple[pd.DataFrame, Any | None]:
    """The frame to take the model's ``smiles`` from, when only a column of RDKit molecules holds the structures.

    Args:
        frame: the caller's frame; not changed.
        column: the caller's column of structures; ``None``: one called ``smiles``, else one of molecules.

    Returns:
        A frame whose column of molecules is SMILES, and that column; both unchanged when no molecules are needed.

    Raises:
        InvalidInputError: several columns hold molecules.
    """
    named = column if column is not None else next((name for name in frame.columns if _says_smiles(name)), None)
    if named is not None and (named not in frame.columns or not _holds_molecules(frame[named])):
        return frame, column
    candidates = [named] if named is not None else [n for n in frame.columns if _holds_molecules(frame[n])]
    if not candidates:
        return frame, column
    if len(candidates) > 1:
        raise InvalidInputError(
            f"the columns {[str(name) for name in candidates]} all hold molecules; say which: smiles={candidates[0]!r}"
        )
    texts = [None if molecule is None else _smiles_of(molecule) for molecule in frame[candidates[0]]]
    frame = frame.copy(deep=False)
    frame[candidates[0]] = pd.Series(texts, dtype="str", index=frame.index)
    return frame, candidates[0]


def _says_smiles(name: Any) -> bool:
    return isinstance(name, str) and name.lower() == SMILES


def _holds_molecules(column: Any) -> bool:
    if not isinstance(column, pd.Series) or column.dtype != object:
        return False
    present = column[column.notna()]
    return len(present) > 0 and all(_is_molecule(value) for value in present)


def _is_molecule(value: Any) -> bool:
    # By name: whoever has a molecule has imported RDKit, and nobody else should pay for it.
    return any(base.__module__.startswith("rdkit.") and base.__name__ == "Mol" for base in type(value).__mro__)


def _smiles_of(value: Any) -> str | None:
    if not _is_molecule(value):
        return None
    from rdkit import Chem

    return str(Chem.MolToSmiles(value))
