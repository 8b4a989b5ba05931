"""Objects of any size in moto's S3: large bodies lie in files from end to end, and are never in memory.

moto keeps a large object in a temporary file, but has all of it in memory while it takes or gives it: a gigabyte that
is put and read back would cost several. Here a body that is larger than what moto itself would keep in memory goes
to its file as it arrives, and comes from there in pieces. ``tests/local/test_s3_bodies.py`` shows that plain moto
still reads such bodies whole.
"""

import binascii
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from tempfile import TemporaryFile
from typing import IO, Any

from chem_endpoints.local.wsgi import Environ, Request

LARGE_BYTES = 5 << 20
"""moto keeps objects up to this size in memory (its ``S3_UPLOAD_PART_MIN_SIZE``)."""
_PIECE_BYTES = 1 << 18
_STORED = "chem_endpoints.stored_body"
_CHUNKED = "STREAMING-"
"""Begin of ``x-amz-content-sha256`` of a body in ``aws-chunked`` coding (Amazon S3 API Reference: SigV4 streaming)."""


class IncompleteBodyError(Exception):
    """The caller sent fewer bytes than it declared."""


class _Received:
    """A file that is written from its beginning, and its digest."""

    def __init__(self) -> None:
        self.file: IO[bytes] = TemporaryFile()  # noqa: SIM115 - an object keeps it open
        self.size, self._md5 = 0, hashlib.md5(usedforsecurity=False)

    def write(self, piece: bytes) -> None:
        """Adds to it."""
        self.file.write(piece)
        self._md5.update(piece)
        self.size += len(piece)

    def stored(self) -> "StoredBody":
        """All that was written."""
        self.file.flush()
        return StoredBody(self.file, 0, self.size, md5=self._md5.hexdigest())


class StoredBody:
    """Bytes of a file, or of a part of it. moto takes it where it expects bytes: it has their length and slices."""

    def __init__(self, file: IO[bytes], start: int, end: int, *, md5: str | None = None) -> None:
        self.file, self.taken, self.md5 = file, False, md5
        self._start, self._end = start, end

    def __len__(self) -> int:
        return self._end - self._start

    def __getitem__(self, part: slice) -> "StoredBody":
        start, end, _ = part.indices(len(self))
        return StoredBody(self.file, self._start + start, self._start + max(start, end))

    def __iter__(self) -> Iterator[bytes]:
        """The bytes in pieces; the file's position is nobody's business."""
        place = self._start
        while place < self._end and (piece := self._read(place)):
            place += len(piece)
            yield piece

    def _read(self, place: int) -> bytes:
        return os.pread(self.file.fileno(), min(_PIECE_BYTES, self._end - place), place)

    def take(self) -> IO[bytes]:
        """The file, for the object that keeps it from now on."""
        self.taken = True
        return self.file

    def close(self) -> None:
        """Closes the file, unless it was taken."""
        if not self.taken:
            self.file.close()


def keep_large_bodies_in_files(replace: Callable[[type, str, Any], None]) -> None:
    """moto reads every object's body into memory: a gigabyte to and fro costs several gigabytes.

    Args:
        replace: puts something in the place of a class's member.
    """
    from moto.s3.models import FakeKey, FakeMultipart
    from moto.s3.responses import S3Response

    _take_stored_bodies(S3Response, FakeKey, replace)
    replace(S3Response, "get_object", _giving_stored_bodies(S3Response.get_object))
    replace(FakeMultipart, "complete", _joining_parts_in_a_file(FakeMultipart.complete))


def environ_with_stored_body(request: Request) -> Environ:
    """The request's environment; the body of a large S3 object has been received into a file.

    Raises:
        IncompleteBodyError: it ended too early.
        ClientDisconnected: the caller went away.
    """
    environ = request.environ
    if request.method != "PUT" or request.service not in ("s3", "") or not _is_large(environ):
        return environ
    received = _Received()
    coded = str(environ.get("HTTP_X_AMZ_CONTENT_SHA256", "")).startswith(_CHUNKED)
    try:
        checksums = (_copy_chunks if coded else _copy)(environ["wsgi.input"], received)
        _check_length(environ.get("HTTP_X_AMZ_DECODED_CONTENT_LENGTH" if coded else "CONTENT_LENGTH"), received.size)
    except BaseException:
        received.file.close()
        raise
    bodiless = {name: value for name, value in environ.items() if name != "HTTP_TRANSFER_ENCODING"}
    if coded:
        bodiless["HTTP_X_AMZ_CONTENT_SHA256"] = "UNSIGNED-PAYLOAD"
    bodiless.update(checksums)
    if not any(name.startswith("HTTP_X_AMZ_CHECKSUM_") for name in bodiless):
        bodiless.pop("HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM", None)  # moto would compute it, of a body that it has not.
    return {**bodiless, "CONTENT_LENGTH": "0", "wsgi.input": io.BytesIO(), _STORED: received.stored()}


def let_go(environ: Environ) -> None:
    """Closes the file of a body that no object has taken."""
    stored = environ.get(_STORED)
    if stored is not None:
        stored.close()


def _is_large(environ: Environ) -> bool:
    length = environ.get("HTTP_X_AMZ_DECODED_CONTENT_LENGTH") or environ.get("CONTENT_LENGTH")
    if length is None:
        return "HTTP_TRANSFER_ENCODING" in environ
    return str(length).isdecimal() and int(length) > LARGE_BYTES


def _check_length(declared: str | None, received: int) -> None:
    if declared is not None and int(declared) != received:
        raise IncompleteBodyError


def _copy(source: IO[bytes], received: _Received) -> dict[str, str]:
    while piece := source.read(_PIECE_BYTES):
        received.write(piece)
    return {}


def _copy_chunks(source: IO[bytes], received: _Received) -> dict[str, str]:
    """Decodes ``aws-chunked``; returns the checksums of its trailer as headers of the environment."""
    while size := _chunk_size(source.readline()):
        while size:
            piece = source.read(min(size, _PIECE_BYTES))
            if not piece:
                raise IncompleteBodyError
            received.write(piece)
            size -= len(piece)
        source.readline()
    trailer = (line.decode("latin-1").strip().partition(":") for line in source)
    return {
        f"HTTP_{name.strip().upper().replace('-', '_')}": value.strip()
        for name, _, value in trailer
        if name.lower().startswith("x-amz-checksum-")
    }


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError as error:
        raise IncompleteBodyError from error


def _take_stored_bodies(responses: Any, keys: Any, replace: Callable[[type, str, Any], None]) -> None:
    set_up: Callable[..., None] = responses.setup_class
    value: Any = keys.value

    def setup_class(self: Any, request: Any, *arguments: Any, **more: Any) -> None:
        set_up(self, request, *arguments, **more)
        self.body = request.environ.get(_STORED, self.body)

    def set_value(self: Any, new: Any) -> None:
        if not isinstance(new, StoredBody):
            value.fset(self, new)
            return
        self._value_buffer.close()
        self._value_buffer, self.contentsize = new.take(), len(new)
        self._etag = self._etag or new.md5  # Or else moto reads it all once more.

    replace(responses, "setup_class", setup_class)
    replace(keys, "value", value.setter(set_value))


class _KeyInFile:
    """An object whose value is given as a `StoredBody`; all else is the object's own."""

    def __init__(self, key: Any) -> None:
        self._key = key

    def __getattr__(self, name: str) -> Any:
        return getattr(self._key, name)

    @property
    def value(self) -> StoredBody:
        """The content; it stays readable when the object is replaced meanwhile."""
        with self._key.lock:
            self._key._value_buffer.flush()
            descriptor = os.dup(self._key._value_buffer.fileno())
        return StoredBody(os.fdopen(descriptor, "rb", buffering=0), 0, self._key.contentsize)


def _giving_stored_bodies(get_object: Callable[..., Any]) -> Callable[..., Any]:
    def get_large_object(self: Any) -> Any:
        key, not_modified = self._get_key()
        if not_modified or key.contentsize <= LARGE_BYTES:
            return get_object(self)
        self._get_key = lambda: (_KeyInFile(key), False)
        return get_object(self)

    return get_large_object


def _joining_parts_in_a_file(complete: Callable[..., Any]) -> Callable[..., Any]:
    from moto.s3.exceptions import EntityTooSmall, InvalidPart
    from moto.settings import S3_UPLOAD_PART_MIN_SIZE

    def complete_in_file(self: Any, body: Iterator[tuple[int, str]]) -> Any:
        listed = [(self.parts.get(number), etag.replace('"', "")) for number, etag in body]
        if sum(part.contentsize for part, _ in listed if part is not None) <= LARGE_BYTES:
            return complete(self, iter((int(part.name), etag) for part, etag in listed if part is not None))
        joined, checksum = _Received(), _PartsChecksum(self.metadata)
        for number, (part, etag) in enumerate(listed, 1):
            if part is None or part.etag.strip('"') != etag:
                raise InvalidPart
            if number < len(listed) and part.contentsize < S3_UPLOAD_PART_MIN_SIZE:
                raise EntityTooSmall
            content = part.value
            joined.write(content)
            checksum.add(content)
        for part, _ in listed:
            part._value_buffer.close()  # Its content lies in the joined file now.
        digests = binascii.unhexlify("".join(etag for _, etag in listed))
        etag = hashlib.md5(digests, usedforsecurity=False).hexdigest()
        return joined.stored(), f"{etag}-{len(listed)}", checksum.result()

    return complete_in_file


class _PartsChecksum:
    """What moto's own builder gives, without all parts in memory."""

    def __init__(self, metadata: Any) -> None:
        from moto.s3.models import MultipartChecksumBuilder

        self._builder = MultipartChecksumBuilder(
            metadata.get("x-amz-checksum-algorithm"), metadata.get("x-amz-checksum-type")
        )
        self._whole = self._builder.checksum_type == "FULL_OBJECT"
        self._crc = 0

    def add(self, part: bytes) -> None:
        """The next part."""
        if self._whole:
            self._crc = binascii.crc32(part, self._crc)
        else:
            self._builder.addPart(part)

    def result(self) -> tuple[str, str, int] | None:
        """Type, value and number of parts, for the object; None when the algorithm is one that we do not compute."""
        if not self._whole:
            return self._builder.build()
        if self._builder.checksum_algorithm != "CRC32":
            return None
        return "FULL_OBJECT", binascii.b2a_base64(self._crc.to_bytes(4, "big"), newline=False).decode(), 1
