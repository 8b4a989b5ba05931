"""Plain arrays as bytes: a compressed ``.npz`` without pickle, the same bytes for the same arrays."""

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]


def pack(arrays: Arrays) -> bytes:
    """The file's bytes; NumPy dates every entry 1980-01-01, so they depend on names, order and contents alone.

    Raises:
        ValueError: an array holds Python objects.
    """
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def unpack(data: bytes) -> dict[str, npt.NDArray[Any]]:
    """The arrays of `pack`, by name.

    Raises:
        ValueError: an array is a pickle.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def texts_to_array(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Texts as the bytes of a JSON list: NumPy's own text arrays take four bytes a character, and drop final NULs."""
    return np.frombuffer(json.dumps(list(texts)).encode(), dtype=np.uint8)


def array_to_texts(array: npt.NDArray[np.uint8]) -> tuple[str, ...]:
    """The texts of `texts_to_array`."""
    return tuple(json.loads(array.tobytes()))
