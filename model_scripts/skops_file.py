"""Fitted scikit-learn objects as bytes: skops' format, written reproducibly, and read only if every type is listed.

skops writes a zip of arrays and a ``schema.json``, dates them, and names what is in them after addresses in memory;
here it is counted in the order in which it appears, and dated 1980.
"""

import io
import json
import zipfile
from collections.abc import Collection
from typing import Any

import numpy as np

from chem_endpoints.wire.bundle import BundleError
from model_scripts.lean_skops import skops_io

_NPY = b"\x93NUMPY"
_SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say

Node = dict[str, Any]


def to_bytes(value: object) -> bytes:
    """The value in skops' format; the same value made the same way gives the same bytes, in any process."""
    return reproducible(skops_io.dumps(value))


def reproducible(data: bytes) -> bytes:
    """A skops file without what differs from one writing to the next."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as raw,
        zipfile.ZipFile(written, "w", compression=zipfile.ZIP_DEFLATED) as packed,
    ):
        schema = json.loads(raw.read(_SCHEMA))
        names = _count_names(schema)
        contents = {new: _without_padding(raw.read(old)) for old, new in names.items()}
        contents[_SCHEMA] = json.dumps(schema, separators=(",", ":")).encode()
        for name, content in contents.items():
            packed.writestr(zipfile.ZipInfo(name, _EPOCH), content, compress_type=zipfile.ZIP_DEFLATED)
    return written.getvalue()


def types_beyond(data: bytes) -> list[str]:
    """Names of the types that skops does not make without being told to, sorted."""
    names: list[str] = skops_io.get_untrusted_types(data=data)
    return names


def from_bytes(data: bytes, *, trusted: Collection[str], source: str) -> Any:
    """Reads what `to_bytes` wrote.

    Args:
        data: the bytes.
        trusted: names of the types that may be made beside those that skops knows to be harmless.
        source: what messages call the bytes.

    Raises:
        BundleError: names a type outside ``trusted``, or a module that is not installed.
    """
    strange = [name for name in types_beyond(data) if name not in trusted]
    if strange:
        raise BundleError(
            f"{source} holds {', '.join(strange)}, which the bundle does not list as its own: refused. Train the model"
            " again, or do not trust this file"
        )
    try:
        return skops_io.loads(data, trusted=list(trusted))
    except ModuleNotFoundError as error:
        raise BundleError(f"{source} needs the module {error.name!r}, which is not installed here") from None


def _count_names(schema: Node) -> dict[str, str]:
    """Numbers identities and files in order of appearance, within the schema; returns old → new file names."""
    identities: dict[int, int] = {}
    files: dict[str, str] = {}
    for node in _nodes(schema):
        if "__id__" in node:
            node["__id__"] = identities.setdefault(node["__id__"], len(identities) + 1)
        if isinstance(node.get("file"), str):
            ending = node["file"].rpartition(".")[2]
            node["file"] = files.setdefault(node["file"], f"{len(files)}.{ending}")
    return files


def _without_padding(content: bytes) -> bytes:
    """The file with zeros between the fields of records; there numpy writes whatever lay in memory before."""
    if not content.startswith(_NPY):
        return content
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype.fields is None:
        return content
    used = np.zeros(array.dtype.itemsize, dtype=np.uint8)
    for field, offset in ((described[0], described[1]) for described in array.dtype.fields.values()):
        used[offset : offset + field.itemsize] = 0xFF
    header = len(content) - array.nbytes
    records = np.frombuffer(content, dtype=np.uint8, offset=header).reshape(array.size, -1)
    return content[:header] + (records & used).tobytes()


def _nodes(value: Any) -> Any:
    """Every object of the schema, parents first. Numbers and texts lose their identity, since Python shares equal ones
    at will, and sets are put in order."""
    if isinstance(value, list):
        for item in value:
            yield from _nodes(item)
    elif isinstance(value, dict):
        if value.get("__loader__") == "JsonNode":
            value.pop("__id__", None)
        if value.get("__loader__") == "SetNode":
            value["content"].sort(key=_without_identity)
        yield value
        for item in value.values():
            yield from _nodes(item)


def _without_identity(node: Node) -> str:
    return json.dumps({key: value for key, value in node.items() if key != "__id__"})
