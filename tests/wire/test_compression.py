"""Promise: a gzip body unpacks whole or not at all, and never to more than the limit, however small it came."""

import gzip
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.wire.compression import MAX_MEMBERS, inflate, inflate_file
from chem_endpoints.wire.errors import BodyTooLargeError, WireError

BLOCK = 64 * 1024


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5))
def test_members_one_after_another_are_one_body(members: list[bytes]) -> None:
    body = b"".join(gzip.compress(member) for member in members)
    whole = b"".join(members)
    assert inflate(body, limit=len(whole)) == whole


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 7])
def test_the_limit_is_the_last_size_that_is_taken(size: int) -> None:
    body = gzip.compress(b"x" * size)
    assert inflate(body, limit=size) == b"x" * size
    if size:
        with pytest.raises(BodyTooLargeError, match=f"more than the {size - 1} bytes"):
            inflate(body, limit=size - 1)


def test_a_bomb_is_refused_without_being_held() -> None:
    bomb = gzip.compress(bytes(100_000_000))
    tracemalloc.start()
    with pytest.raises(BodyTooLargeError) as refusal:
        inflate(bomb, limit=1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refusal.value.status == 413
    assert peak < 2_000_000


@given(st.binary(min_size=1, max_size=500), st.data())
def test_a_body_cut_anywhere_is_refused(content: bytes, data: st.DataObject) -> None:
    body = gzip.compress(content)
    length = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(WireError, match="cut short"):
        inflate(body[:length], limit=10_000)


@pytest.mark.parametrize("tail", [b"\0", b"x", b"PK\3\4", bytes(100_000)])
def test_what_follows_and_is_not_gzip_is_refused(tail: bytes) -> None:
    with pytest.raises(WireError, match=r"not gzip|cut short"):
        inflate(gzip.compress(b"smiles\nC\n") + tail, limit=10_000)


def test_a_damaged_body_is_refused() -> None:
    body = bytearray(gzip.compress(b"smiles\nC\n"))
    body[-5] ^= 1  # its checksum
    with pytest.raises(WireError, match="damaged"):
        inflate(bytes(body), limit=10_000)


def test_a_body_of_too_many_members_is_refused() -> None:
    with pytest.raises(WireError, match=f"more than {MAX_MEMBERS} members"):
        inflate(gzip.compress(b"") * (MAX_MEMBERS + 1), limit=10_000)


def test_a_file_unpacks_to_a_file_from_where_it_stands() -> None:
    content = bytes(range(256)) * 2_000
    source, target = io.BytesIO(b"head" + gzip.compress(content)), io.BytesIO()
    source.seek(4)
    assert inflate_file(source, target, limit=len(content)) == len(content)
    assert target.getvalue() == content
