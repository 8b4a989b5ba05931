"""What lies in the bundle."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from chem_endpoints.check.outcome import BrokenPromiseError, Kept
from chem_endpoints.check.subject import Subject
from chem_endpoints.client.local_server import describe_bundle
from chem_endpoints.errors import EndpointError
from chem_endpoints.wire.bundle import read_archive

WORKBENCH_METADATA = "inference-metadata.json"
PICKLE_SUFFIXES = (".pkl", ".pickle", ".joblib")
PICKLE_STARTS = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))
"""First bytes of a pickle, by protocol."""


def files_are_whole(subject: Subject) -> Kept:
    """Each file is as the manifest lists it, and none is a pickle, which runs the code that it names."""
    try:
        description = describe_bundle(subject.bundle)
    except EndpointError as error:
        raise BrokenPromiseError(
            str(error), "write the bundle again: chem-endpoints train, features, combine or pack"
        ) from None
    files = bundle_files(subject.bundle)
    pickles = [name for name, contents in files.items() if is_pickle(name, contents)]
    if pickles:
        raise BrokenPromiseError(
            f"{', '.join(pickles)}: a pickle runs whatever code it names when it is read",
            "save the model as XGBoost's UBJ or JSON, safetensors, skops, Parquet or JSON",
        )
    size = sum(map(len, files.values()))
    packed = subject.bundle.stat().st_size if subject.bundle.is_file() else size
    made = description.manifest.framework if description.manifest is not None else "no manifest: nothing is digested"
    figures = {"files": len(files), "packed_bytes": packed, "unpacked_bytes": size}
    return Kept(
        figure=f"{len(files)} file{'s' * (len(files) != 1)}, {_told(packed)} ({_told(size)} unpacked), {made}",
        figures=figures,
    )


def _told(size: int) -> str:
    return f"{size / 1e3:.0f} kB" if size < 1e6 else f"{size / 1e6:.1f} MB"


def bundle_files(bundle: Path) -> Mapping[str, bytes]:
    """Path inside the bundle → contents."""
    if not bundle.is_dir():
        return read_archive(bundle)
    paths = sorted(path for path in bundle.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(bundle).as_posix(): path.read_bytes() for path in paths}


def wants_arrays(bundle: Path, rows: pd.DataFrame) -> bool:
    """Whether a bundle without a manifest takes numbers as arrays, as scripts for the SageMaker toolkits do; those of
    Workbench take columns with names."""
    numbers = all(pd.api.types.is_numeric_dtype(dtype) for dtype in rows.dtypes)
    return numbers and WORKBENCH_METADATA not in bundle_files(bundle)


def is_pickle(name: str, contents: bytes) -> bool:
    """Whether a file is a pickle, by its name or by how it begins and ends."""
    return name.endswith(PICKLE_SUFFIXES) or (contents.startswith(PICKLE_STARTS) and contents.endswith(b"."))
