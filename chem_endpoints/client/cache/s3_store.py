"""Answers that several machines share: Parquet parts under an S3 prefix, and on each machine a mirror of them.

A part is written once and never changed. It becomes visible as a whole (PutObject is atomic, and S3 lists what was
written: Amazon S3 data consistency model). Each look-up lists the prefix, reads the parts that are new, and then
answers from the mirror, a `LocalStore` that may be deleted at any time.

Parts are replaced in this order: the new part, a look whether all the old ones are still there, the old ones' removal.
So no row is ever missing, and of two machines that replace the same part one takes its own part back.
"""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.client.aws import read_object, split_uri
from chem_endpoints.client.cache.answers import AnswerSchema, Entries
from chem_endpoints.client.cache.local_store import CacheInfo, LocalStore, Selection
from chem_endpoints.client.cache.parts import read_part, write_part
from chem_endpoints.client.retry import call
from chem_endpoints.errors import CacheError

SUFFIX = ".parquet"
PART_NAME = re.compile(rf"([0-9a-f]{{64}}){re.escape(SUFFIX)}")
"""Other objects under the prefix are left alone."""
ROWS_PER_PART = 50_000
"""Rows of one part at most."""
SMALL_PART_BYTES = 16_000_000
"""Parts from here on are left as they are by `S3Store.compact`."""
PARTS_BEFORE_COMPACTION = 500
"""From so many small parts on they are put together unasked: each is a request of every machine."""
DOWNLOADS_AT_ONCE = 8
LISTINGS = 50
"""How often a list is read again because a part in it has been replaced meanwhile."""


class S3Store:
    """Answers under a prefix.

    Args:
        uri: ``s3://bucket/prefix/``.
        s3: boto3 client; its caller may list the prefix, and get, put and delete its objects.
        mirror: where this machine keeps what it has read; one per prefix.
    """

    def __init__(self, uri: str, *, s3: Any, mirror: LocalStore) -> None:
        self._bucket, prefix = split_uri(uri)
        self._prefix = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
        self.place = f"s3://{self._bucket}/{self._prefix}"
        self._s3 = s3
        self._mirror = mirror

    def refresh(self) -> None:
        """Reads what others have written since.

        Raises:
            CacheError: a part is damaged.
            AccessRefusedError: a permission is missing.
        """
        for _ in range(LISTINGS):
            # In this order: a part that another process of this machine adds meanwhile is not taken for a lost one.
            mirrored = self._mirror.part_names()
            listed = set(self._list())
            if self._fetch(sorted(listed - mirrored)):
                self._mirror.drop_parts(mirrored - listed)
                return
        raise CacheError(f"parts of {self.place} are listed but were gone {LISTINGS} times in a row; try again later")

    def find(self, schema: AnswerSchema, rows: Sequence[bytes]) -> dict[int, bytes]:
        """Position among ``rows`` → the answer that is kept, as of the last `refresh`."""
        return self._mirror.find(schema, rows)

    def add(self, schema: AnswerSchema, entries: Entries) -> None:
        """Keeps answers for all machines."""
        for first in range(0, len(entries), ROWS_PER_PART):
            some = entries.part(first, first + ROWS_PER_PART)
            name = self._put(schema, some)
            self._mirror.add(schema, some, part=name)
        if len(self._small(self._list())) >= PARTS_BEFORE_COMPACTION:
            self.compact()

    def remove(self, selection: Selection) -> int:
        """Removes answers for all machines, rewriting the parts that hold them; returns how many."""
        self.refresh()
        count = self._mirror.count(selection)
        while holding := self._mirror.parts_with(selection):
            for name in holding:
                schema = self._mirror.schema_of(name)
                if schema is not None:
                    self._replace([name], schema, self._mirror.entries_of([name], without=selection))
            self.refresh()
        return count

    def compact(self) -> None:
        """Puts small parts of one schema together."""
        self.refresh()
        small = self._small(self._list())
        by_schema: dict[AnswerSchema, list[str]] = {}
        for name in small:
            schema = self._mirror.schema_of(name)
            if schema is not None:
                by_schema.setdefault(schema, []).append(name)
        for schema, names in by_schema.items():
            for some in _batches(names, small):
                if len(some) > 1:
                    self._replace(some, schema, self._mirror.entries_of(some))
        self.refresh()
        self._mirror.compact()

    def info(self) -> CacheInfo:
        """What is kept, by all machines together."""
        self.refresh()
        listed = self._list()
        return replace(self._mirror.info(), place=self.place, parts=len(listed), bytes=sum(listed.values()))

    def schemas(self) -> list[AnswerSchema]:
        """Schemas of the answers that are kept, as of the last `refresh`."""
        return self._mirror.schemas()

    def pairs(
        self, old: AnswerSchema, new: AnswerSchema, *, at_once: int
    ) -> Iterator[list[tuple[bytes, bytes, bytes]]]:
        """See `LocalStore.pairs`."""
        return self._mirror.pairs(old, new, at_once=at_once)

    def _replace(self, old: list[str], schema: AnswerSchema, entries: Entries) -> None:
        new = self._put(schema, entries, unique=True) if len(entries) else None
        if new is not None and not set(old) <= set(self._list()):
            self._delete(new)  # somebody else has replaced one of them, and may have removed answers
            return
        for name in old:
            self._delete(name)

    def _put(self, schema: AnswerSchema, entries: Entries, *, unique: bool = False) -> str:
        name, body = write_part(schema, entries, unique=unique)
        call(self._put_unless_there, self._key(name), body)
        return name

    def _put_unless_there(self, key: str, body: bytes) -> None:
        try:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("PreconditionFailed", "412"):
                raise

    def _delete(self, name: str) -> None:
        call(self._s3.delete_object, Bucket=self._bucket, Key=self._key(name))

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name}{SUFFIX}"

    def _list(self) -> dict[str, int]:
        """Name of each part → bytes. A list of several pages is read until it comes back the same.

        A page may tell of the time before a replacement and the next one of the time after; two equal lists in a row
        tell of one time.
        """
        listed, pages = self._pages()
        while pages > 1:
            again, pages = self._pages()
            if again == listed:
                break
            listed = again
        return listed

    def _pages(self) -> tuple[dict[str, int], int]:
        parts: dict[str, int] = {}
        pages = 0
        token: dict[str, str] = {}
        while True:
            answer = call(self._s3.list_objects_v2, Bucket=self._bucket, Prefix=self._prefix, Delimiter="/", **token)
            pages += 1
            for found in answer.get("Contents", ()):
                if name := PART_NAME.fullmatch(found["Key"].removeprefix(self._prefix)):
                    parts[name[1]] = int(found["Size"])
            if not answer.get("IsTruncated"):
                return parts, pages
            token = {"ContinuationToken": answer["NextContinuationToken"]}

    def _fetch(self, names: list[str]) -> bool:
        """Mirrors parts; ``False``: one has been replaced meanwhile."""
        with ThreadPoolExecutor(max_workers=DOWNLOADS_AT_ONCE) as pool:
            for first in range(0, len(names), DOWNLOADS_AT_ONCE):  # a few at a time: parts may be large
                some = names[first : first + DOWNLOADS_AT_ONCE]
                for name, body in zip(some, pool.map(self._get, some), strict=True):
                    if body is None:
                        return False
                    self._mirror.add(*read_part(name, body), part=name)
        return True

    def _get(self, name: str) -> bytes | None:
        return call(read_object, self._s3, self._bucket, self._key(name))

    @staticmethod
    def _small(listed: dict[str, int]) -> dict[str, int]:
        return {name: size for name, size in listed.items() if size < SMALL_PART_BYTES}


def _batches(names: list[str], sizes: dict[str, int]) -> Iterator[list[str]]:
    """Names in lists whose parts together are about `SMALL_PART_BYTES`."""
    held: list[str] = []
    for name in names:
        held.append(name)
        if sum(sizes[each] for each in held) >= SMALL_PART_BYTES:
            yield held
            held = []
    if held:
        yield held
