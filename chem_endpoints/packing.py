"""Packs an own script into a bundle: its files, and a manifest made of what its author wrote in ``bundle.yaml``."""

import tempfile
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chem_endpoints.client.files import read_rows
from chem_endpoints.client.local_server import LocalServer
from chem_endpoints.client.local_transport import LocalTransport
from chem_endpoints.client.retry import FailedInvocation
from chem_endpoints.client.steps import finish
from chem_endpoints.client.transport import Invocation
from chem_endpoints.errors import EndpointError, FileError
from chem_endpoints.spec.yaml_file import UnreadableFileError, read_mapping
from chem_endpoints.wire.answers import restore_answer
from chem_endpoints.wire.bundle import write_bundle
from chem_endpoints.wire.bundle_contents import digests, version_of
from chem_endpoints.wire.codec import decode, encode
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.content_types import ARROW
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.features import FeatureRows, read_features
from chem_endpoints.wire.manifest import MANIFEST_NAME, Cell, Feature, GoldenRows, Manifest, Output
from chem_endpoints.wire.options import RequestOptions

FOLDER = "bundle"
"""Beside ``bundle.yaml``: the files as they lie in the bundle, ``code/inference.py`` among them."""

OWN_SCRIPT = "code/inference.py"


class PackingError(Exception):
    """A bundle that cannot be packed; says why and what to do."""


class WrittenBundle(BaseModel):
    """What ``bundle.yaml`` says; `pack_bundle` adds digests, versions and the answers to the golden rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    framework: str
    """What the model is made with, for the model card."""
    task: Literal["regression", "classification", "features"] = "regression"
    """What it predicts; ``features``: it computes columns and was trained on nothing."""
    targets: tuple[Output, ...] = ()
    """What was measured; default: nothing."""
    features: tuple[Feature, ...] = Field(min_length=1)
    """The columns that ``predict_fn`` gets: name, dtype (float64, int64, boolean, text), unit, missing."""
    outputs: tuple[Output, ...] = Field(min_length=1)
    """The columns that it adds, beside ``prediction_error``: name, dtype, unit, description."""
    libraries: tuple[str, ...] = ()
    """Import names of the libraries that the image must have; their versions here are recorded."""
    row_seconds: float | None = Field(default=None, gt=0)
    """Longest time that an honest row may take, in seconds; default: the server's, 10."""
    golden: str = Field(min_length=1)
    """File of rows, relative to ``bundle.yaml``, replayed at each start: about five, none confidential."""
    relative_tolerance: float = Field(default=1e-6, gt=0)
    """How far an answer to a golden row may be from the stored one, relative to it; default 1e-6."""


def pack_bundle(written: Path, out: Path) -> str:
    """Writes the bundle and returns its model digest.

    The script answers the golden rows once, in the image's own server; these answers go into the manifest.

    Args:
        written: ``bundle.yaml``; the bundle's files lie in ``bundle/`` beside it.
        out: bundle to write.

    Raises:
        PackingError: something is missing or malformed, or the script does not answer its golden rows.
    """
    asked = read_bundle_yaml(written)
    files = _files(written.parent / FOLDER)
    rows = _golden_rows(written.parent / asked.golden, asked.features)
    draft = _draft(asked, files, rows)
    answers = _answers(draft, files, rows, name=out.name)
    reasons = [str(reason) for reason in answers[PREDICTION_ERROR] if reason]
    if len(reasons) == len(rows.frame):
        raise PackingError(f"{asked.golden}: no row is predicted; the first is told {reasons[0]!r}. Mend the script")
    output = {str(name): _cells(answers[name]) for name in answers.columns}
    golden = draft.golden.model_copy(update={"output": output})
    return write_bundle(out, draft.model_copy(update={"golden": golden}), files)


def read_bundle_yaml(path: Path) -> WrittenBundle:
    """What an author wrote.

    Raises:
        PackingError: the file cannot be read, or says what it may not; names every mistake.
    """
    try:
        return WrittenBundle.model_validate(read_mapping(path))
    except UnreadableFileError as error:
        raise PackingError(f"{path}: {error}") from None
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise PackingError(f"{path}: {problems}") from None


def _files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    if OWN_SCRIPT not in files:
        raise PackingError(
            f"{folder / OWN_SCRIPT}: no such file; the script with model_fn and predict_fn belongs there"
        )
    if MANIFEST_NAME in files:
        raise PackingError(f"{folder / MANIFEST_NAME}: delete it; the manifest is made of bundle.yaml")
    return files


def _golden_rows(path: Path, features: tuple[Feature, ...]) -> FeatureRows:
    try:
        rows = read_features(read_rows(path).frame, features)
    except (FileError, WireError) as error:
        raise PackingError(f"{path}: {error}") from None
    if rows.frame.empty:
        raise PackingError(f"{path}: holds no rows; write about five that the model answers")
    return rows


def _draft(asked: WrittenBundle, files: dict[str, bytes], rows: FeatureRows) -> Manifest:
    taken = ("framework", "task", "targets", "features", "outputs", "row_seconds")
    try:
        return Manifest(
            script=OWN_SCRIPT,
            libraries={name: version_of(name) for name in asked.libraries},
            files=digests(files),
            golden=GoldenRows(
                input={str(name): _cells(rows.frame[name]) for name in rows.frame.columns},
                output={},
                relative_tolerance=asked.relative_tolerance,
            ),
            **{name: getattr(asked, name) for name in taken},
        )
    except KeyError as error:
        raise PackingError(f"libraries: {error} is not installed here; write the name that is imported") from None
    except ValidationError as error:
        raise PackingError("; ".join(str(one["msg"]) for one in error.errors())) from None


def _answers(draft: Manifest, files: dict[str, bytes], rows: FeatureRows, *, name: str) -> pd.DataFrame:
    """What the draft's script says of its golden rows."""
    with tempfile.TemporaryDirectory(prefix="chem-endpoints-") as folder:
        bundle = Path(folder) / name
        write_bundle(bundle, draft, files)
        invocation = Invocation(
            body=encode(rows.frame, ARROW),
            content_type=ARROW,
            accept=ARROW,
            attributes=RequestOptions(returned="added").to_header(),
        )
        try:
            with LocalServer(bundle, workers=1) as server:
                body = finish(LocalTransport(server).invoke(invocation)).body
                return restore_answer(decode(body, ARROW), draft.outputs)
        except FailedInvocation as failed:
            raise PackingError(f"the script did not answer its golden rows: {failed.failure.error}") from None
        except (EndpointError, WireError) as error:
            raise PackingError(str(error)) from None


def _cells(column: "pd.Series[Any]") -> list[Cell]:
    return [None if pd.isna(cell) else cell for cell in column.tolist()]
