"""Gzip bodies, unpacked within a limit: what a few bytes unpack to is the sender's choice."""

import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from chem_endpoints.wire.errors import BodyTooLargeError, WireError

GZIP_MAGIC = b"\x1f\x8b"

MAX_MEMBERS = 100_000
"""Gzip members in one body; each costs a start, and may be empty."""

_TAKEN = 16 * 1024
"""Bytes read at once; small, since what follows the end of a member is copied."""

_GIVEN = 64 * 1024
"""Bytes unpacked at once."""

_GZIP = 31
"""zlib's window size for a gzip header and trailer."""


def inflate(body: bytes, *, limit: int) -> bytes:
    """Unpacks a gzip body; holds at most ``limit`` bytes plus one block of 64 KiB.

    Raises:
        BodyTooLargeError: it unpacks to more than ``limit`` bytes.
        WireError: not gzip, cut short, damaged, or followed by something else.
    """
    target = io.BytesIO()
    inflate_file(io.BytesIO(body), target, limit=limit)
    return target.getvalue()


def inflate_file(source: BinaryIO, target: BinaryIO, *, limit: int) -> int:
    """Unpacks from file to file in blocks, from where ``source`` stands; returns the number of bytes written.

    Raises:
        BodyTooLargeError: it unpacks to more than ``limit`` bytes; ``target`` holds no more than ``limit`` then.
        WireError: not gzip, cut short, damaged, or followed by something else.
    """
    written = 0
    try:
        for block in _blocks(source):
            written += len(block)
            if written > limit:
                raise BodyTooLargeError(
                    f"the gzip body unpacks to more than the {limit} bytes that are taken here; send fewer rows at once"
                )
            target.write(block)
    except zlib.error:
        raise WireError("the gzip body is damaged, or something that is not gzip follows it") from None
    return written


def _blocks(source: BinaryIO) -> Iterator[bytes]:
    """The unpacked bytes of one member after another, in blocks of at most 64 KiB."""
    taken = source.read(_TAKEN)
    for _ in range(MAX_MEMBERS):
        member = zlib.decompressobj(_GZIP)
        while not member.eof:
            if not taken:
                raise WireError("the gzip body is cut short; send it whole")
            yield member.decompress(taken, _GIVEN)
            taken = member.unused_data if member.eof else member.unconsumed_tail or source.read(_TAKEN)
        taken = taken or source.read(_TAKEN)
        if not taken:
            return
    raise WireError(f"the gzip body has more than {MAX_MEMBERS} members; pack it as one")
