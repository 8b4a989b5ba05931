"""Answers as an SD file: one record per row, or one per conformer, with the other columns as properties.

Source: BIOVIA, CTfile formats, SDfiles.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from chem_endpoints.client.files.output_file import OutputFile
from chem_endpoints.client.files.sd_file import SdLayout, SdRecord, write_sd_file
from chem_endpoints.client.notebook.structures import parsed, structures
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.columns import EXPLANATION_DRAWING
from chem_endpoints.wire.options import CONFORMERS_KEY

LEFT_OUT = (CONFORMERS_KEY, EXPLANATION_DRAWING)
"""Columns that are no properties unless they are named: the conformers become records."""

NO_STRUCTURE = "\n\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n"
"""Molecule block of a row without a structure that can be read; the row stays."""

_END_OF_RECORD = re.compile(r"^\$\$\$\$[^\n]*(?:\n|\Z)", re.MULTILINE)


def to_sdf(
    frame: pd.DataFrame,
    path: str | Path,
    *,
    smiles: str | None = None,
    name: str | None = None,
    columns: Sequence[str] | None = None,
    overwrite: bool = False,
) -> int:
    """See `ChemAccessor.to_sdf`."""
    given = [str(column) for column in frame.columns if column not in LEFT_OUT] if columns is None else list(columns)
    doubled = sorted({column for column in given if list(map(str, frame.columns)).count(column) != 1})
    if doubled:
        raise InvalidInputError(f"the columns {', '.join(map(repr, doubled))} are absent or there twice")
    with OutputFile(Path(path).expanduser(), force=overwrite) as file:
        titles = _titles(frame, name)
        records, rows = [], []
        for row, blocks in enumerate(_blocks(frame, smiles)):
            for block in blocks:
                records.append(SdRecord(text=_titled(block, titles[row]).encode(), end=b"$$$$\n", line=0))
                rows.append(row)
        named = frame.set_axis(pd.Index(list(map(str, frame.columns))), axis="columns")
        repeated = named[given].iloc[rows].set_axis(pd.RangeIndex(len(rows)), axis="index")
        file.write(write_sd_file(repeated, SdLayout(records=tuple(records)), str(path), added=given))
    return len(records)


def _blocks(frame: pd.DataFrame, smiles: str | None) -> Iterator[list[str]]:
    """The records of each row without their ``$$$$``: its conformers where it has some, else the drawn structure."""
    conformers = _conformers(frame)
    texts = structures(frame, smiles)
    for row, text in enumerate(texts):
        own = [part for part in _END_OF_RECORD.split(conformers[row] or "") if part.strip()]
        yield own or [_drawn_block(text)]


def _conformers(frame: pd.DataFrame) -> list[Any]:
    if list(frame.columns).count(CONFORMERS_KEY) != 1:
        return [None] * len(frame)
    return [cell if isinstance(cell, str) else None for cell in frame[CONFORMERS_KEY]]


def _drawn_block(smiles: str | None) -> str:
    molecule = parsed(smiles)
    if molecule is None:
        return NO_STRUCTURE
    from rdkit import Chem
    from rdkit.Chem import rdDepictor

    rdDepictor.Compute2DCoords(molecule)
    return str(Chem.MolToMolBlock(molecule))


def _titles(frame: pd.DataFrame, name: str | None) -> list[str]:
    if name is None:
        return [""] * len(frame)
    if list(frame.columns).count(name) != 1:
        raise InvalidInputError(f"there must be one column {name!r} for the records' names")
    column = frame[name]
    texts = ("" if gone else str(cell) for cell, gone in zip(column, column.isna(), strict=True))
    return [" ".join(text.split()).lstrip("$") for text in texts]  # one line, which does not end the record


def _titled(block: str, title: str) -> str:
    return block if not title else title + "\n" + block.partition("\n")[2]
