"""The training table: read from a CSV file, checked row by row, never silently shortened."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.columns import SMILES
from chem_endpoints.wire.csv_format import read_csv
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.features import read_features
from chem_endpoints.wire.manifest import Feature
from chem_endpoints.wire.typed_columns import typed
from model_scripts.inputs import Inputs
from model_scripts.member import Floats
from model_scripts.reading import Read, Reader
from model_scripts.task import Task
from model_scripts.training.request import TrainingRequest
from model_scripts.training.targets import TargetError, read_targets


class TrainingError(Exception):
    """Why no model can be trained; names the file, the row or the column, and what to do."""


Reading = Callable[[int, int], object]
"""Told how many rows have been read, and of how many."""

MIN_ROWS = 20
PIECE = 50
"""Rows between two movements of the progress bar."""
MAX_CATEGORIES = 200


def unwatched(done: int, rows: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, kw_only=True)
class TrainingTable:
    """What a family trains on; every sequence has one entry per usable row.

    Attributes:
        frame: the features as the served model will get them.
        features: their declarations.
        reader: reads rows, as the served model will.
        inputs: what the model computes from.
        smiles: standardised structures; ``None`` without.
        targets: float64 ``[rows, targets]``, see `model_scripts.training.targets.Targets`.
        task: what is predicted.
        ids: names of the rows.
        compounds: group of each row for random splits: rows of one compound share it.
        scaffolds: group of each row for scaffold splits; ``None`` without structures.
        skipped: line in the file → why the row is not used.
        sha256: digest of the file.
    """

    frame: pd.DataFrame
    features: tuple[Feature, ...]
    reader: Reader
    inputs: Inputs
    smiles: list[str] | None
    targets: Floats
    task: Task
    ids: list[str]
    compounds: list[str]
    scaffolds: list[str] | None
    skipped: dict[int, str]
    sha256: str


def read_table(request: TrainingRequest, reading: Reading = unwatched) -> TrainingTable:
    """Reads the file of a request. Rows without a target or with an unusable feature are listed in ``skipped``.

    Args:
        request: which columns, and what they are.
        reading: called with the rows that have been read, and with all of them.

    Raises:
        TrainingError: the file or a column is missing, a name cannot be served, or fewer than `MIN_ROWS` usable rows
            remain.
    """
    sent, sha256 = _read_file(request.data)
    _check_columns(sent, request)
    try:
        measured = read_targets(sent, request.targets, request.task)
    except TargetError as error:
        raise TrainingError(f"{request.data}: {error}") from None
    own = sent.rename(columns={request.smiles: SMILES}) if request.smiles else sent
    features = _features(own, request)
    typed_rows = read_features(own, [feature.model_copy(update={"missing": "allow"}) for feature in features])
    reader = _reader(request, features)
    frame, reasons = typed_rows.frame, {**typed_rows.reasons, **measured.unusable}
    if request.smiles:
        reasons |= dict.fromkeys(np.flatnonzero(frame[SMILES].isna()).tolist(), f"no structure in {request.smiles!r}")
    candidates = [row for row in range(len(frame)) if row not in reasons]
    read = _read(reader, frame.iloc[candidates].reset_index(drop=True), reading)
    reasons |= {candidates[row]: reason for row, reason in read.reasons.items()}
    used = [candidates[row] for row in read.rows.tolist()]
    if len(used) < MIN_ROWS:
        raise TrainingError(f"{request.data}: {len(used)} usable rows, at least {MIN_ROWS} are needed")
    molecules = read.inputs.molecules
    features = _with_gaps(features, frame.iloc[used], request)
    reader = _with_described_gaps(replace(reader, features=_beside(features)), read.inputs, request)
    return TrainingTable(
        frame=frame.iloc[used].reset_index(drop=True),
        features=features,
        reader=reader,
        inputs=replace(read.inputs, columns=reader.columns),
        smiles=[structure.smiles for structure in read.structures] if request.smiles else None,
        targets=measured.values[used],
        task=measured.task,
        ids=_ids(sent, request, used),
        compounds=_compounds(molecules, used),
        scaffolds=_scaffolds(molecules),
        skipped={row + 2: reason for row, reason in sorted(reasons.items())},  # line 1 is the header
        sha256=sha256,
    )


def _read(reader: Reader, frame: pd.DataFrame, reading: Reading) -> Read:
    """Piece by piece, as thousands of structures take minutes."""
    pieces = []
    for start in range(0, max(len(frame), 1), PIECE):
        piece = reader.read(frame.iloc[start : start + PIECE])
        pieces.append(piece.moved(start))
        reading(min(start + PIECE, len(frame)), len(frame))
    return Read.of(pieces)


def _check_columns(frame: pd.DataFrame, request: TrainingRequest) -> None:
    wanted, present = list(request.columns), list(frame.columns)
    absent = [name for name in wanted if name not in present]
    if absent:
        raise TrainingError(f"{request.data}: no column {absent}; the file has {present}")
    doubled = sorted({name for name in wanted if wanted.count(name) + present.count(name) > 2})
    if doubled:
        raise TrainingError(f"{request.data}: the columns {doubled} are named twice; name each column once")
    own = (*request.numbers, *request.categories)
    if request.smiles and SMILES in own:
        raise TrainingError(f"{request.data}: {SMILES!r} is the name of the structure; rename this feature")
    if not request.smiles and not own:
        raise TrainingError("nothing to predict from: name a column of structures, of numbers or of categories")


def _features(frame: pd.DataFrame, request: TrainingRequest) -> tuple[Feature, ...]:
    structure = (Feature(name=SMILES, dtype="text", description="structure of one compound"),) if request.smiles else ()
    return (
        *structure,
        *(Feature(name=name, dtype="float64") for name in request.numbers),
        *(
            Feature(name=name, dtype="text", categories=_categories(frame, name, request))
            for name in request.categories
        ),
    )


def _categories(frame: pd.DataFrame, name: str, request: TrainingRequest) -> tuple[str, ...]:
    known = sorted({str(text) for text in typed(frame[name], "text").values.dropna().tolist()})
    if not 1 <= len(known) <= MAX_CATEGORIES:
        raise TrainingError(
            f"{request.data}: {name!r} holds {len(known)} categories; a feature of categories has 1 to {MAX_CATEGORIES}"
        )
    return tuple(known)


def _reader(request: TrainingRequest, features: Sequence[Feature]) -> Reader:
    """Reads every row that it can: which gaps are allowed is known afterwards."""
    describe = None
    if request.descriptors is not None and request.smiles:
        from model_scripts.chemistry.descriptor_sets import describe_by

        try:
            describe = describe_by(request.descriptors)
        except BundleError as error:
            raise TrainingError(str(error)) from None
    return Reader(
        policy=request.standardisation if request.smiles else None,
        describe=describe,
        gaps=frozenset(describe.columns) if describe is not None else frozenset(),
        features=_beside(features),
    )


def _beside(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """The features besides the structure."""
    return tuple(feature for feature in features if feature.name != SMILES)


def _with_gaps(features: tuple[Feature, ...], frame: pd.DataFrame, request: TrainingRequest) -> tuple[Feature, ...]:
    """Declares each feature: one that was complete in training must be complete when served, unless lenient."""
    own = []
    for feature in features:
        if feature.name == SMILES:
            own.append(feature)
        elif request.lenient:
            own.append(feature.model_copy(update={"missing": "allow", "unusable": "missing"}))
        else:
            missing = "allow" if frame[feature.name].isna().any() else "error"
            own.append(feature.model_copy(update={"missing": missing}))
    return tuple(own)


def _with_described_gaps(reader: Reader, inputs: Inputs, request: TrainingRequest) -> Reader:
    if reader.describe is None or request.lenient:
        return reader
    names = reader.describe.columns
    undefined = np.isnan(inputs.matrix[:, : len(names)]).any(axis=0)
    gaps = frozenset(names[position] for position in np.flatnonzero(undefined).tolist())
    return replace(reader, gaps=gaps)


def _ids(sent: pd.DataFrame, request: TrainingRequest, used: Sequence[int]) -> list[str]:
    if request.identifier is None:
        return [str(row + 2) for row in used]
    cells = typed(sent[request.identifier], "text").values
    return ["" if cells.isna().iloc[row] else str(cells.iloc[row]) for row in used]


def _compounds(molecules: Sequence[object] | None, used: Sequence[int]) -> list[str]:
    if molecules is None:
        return [str(row) for row in used]
    from model_scripts.chemistry.identity import compound_key

    return [compound_key(molecule) for molecule in molecules]


def _scaffolds(molecules: Sequence[object] | None) -> list[str] | None:
    if molecules is None:
        return None
    from model_scripts.chemistry.scaffolds import scaffold_key

    return [scaffold_key(molecule) for molecule in molecules]


def _read_file(path: Path) -> tuple[pd.DataFrame, str]:
    try:
        body = path.read_bytes()
        return read_csv(body), hashlib.sha256(body).hexdigest()
    except FileNotFoundError:
        raise TrainingError(f"{path}: no such file") from None
    except OSError as error:
        raise TrainingError(f"{path}: {error.strerror}") from None
    except WireError as error:
        raise TrainingError(f"{path}: {error}") from None
