"""Answers in one SQLite file: safe against kill -9, and for several processes that write at once.

A transaction is there as a whole or not at all, and readers never wait for writers (SQLite's write-ahead log). Two
processes may use one file, two machines may not: they share answers through S3 (`s3_store`).
"""

# ruff: noqa: S608 - queries are put together from the words of this file alone

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chem_endpoints.client.cache.answers import AnswerSchema, Entries
from chem_endpoints.errors import CacheError

FILE_NAME = "answers-1.sqlite"
"""Another layout has another number."""
LOCK_NAME = "answers-1.lock"
NEW_NAME = "answers-1.new"
BUSY_SECONDS = 60.0
"""How long to wait for another process that writes."""
FILE_MODE = 0o600
FOLDER_MODE = 0o700

NO_PART = ""
"""Part of the answers that lie in this file alone."""

_TABLES = """
CREATE TABLE schemas (id INTEGER PRIMARY KEY, schema TEXT NOT NULL UNIQUE);
CREATE TABLE parts (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE entries (
    schema INTEGER NOT NULL, row BLOB NOT NULL, part INTEGER NOT NULL, label BLOB, answer BLOB NOT NULL,
    PRIMARY KEY (row, schema, part)
);
CREATE INDEX entries_by_label ON entries (label) WHERE label IS NOT NULL;
CREATE INDEX entries_by_part ON entries (part);
"""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which answers to remove; several conditions at once must all hold, none means all answers.

    Attributes:
        labels: those of these values of the key column.
        rows: those to these rows.
        model: those of this model.
    """

    labels: frozenset[bytes] | None = None
    rows: frozenset[bytes] | None = None
    model: str | None = None


@dataclass(frozen=True, kw_only=True)
class CacheInfo:
    """What a cache holds.

    Attributes:
        place: its folder, or its ``s3://`` prefix.
        rows: answers.
        models: digest of a model → answers that it gave.
        bytes: size of the file; of a cache on S3, of its objects.
        parts: objects on S3; 0 for a folder.
    """

    place: str
    rows: int
    models: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    parts: int = 0


class LocalStore:
    """Answers in a folder.

    Args:
        folder: made when it is not there, for its owner alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = str(folder)
        self._file = folder / FILE_NAME

    def refresh(self) -> None:
        """Nothing to do: each look-up reads the file."""

    def find(self, schema: AnswerSchema, rows: Sequence[bytes]) -> dict[int, bytes]:
        """Position among ``rows`` → the answer that is kept."""
        with self._reading() as base:
            known = base.execute("SELECT id FROM schemas WHERE schema = ?", (schema.to_json(),)).fetchone()
            if known is None:
                return {}
            base.execute("CREATE TEMP TABLE wanted (position INTEGER PRIMARY KEY, row BLOB NOT NULL)")
            base.executemany("INSERT INTO wanted VALUES (?, ?)", enumerate(rows))
            found = base.execute(
                "SELECT position, answer FROM wanted CROSS JOIN entries USING (row) WHERE schema = ?", known
            )
            return dict(found)

    def add(self, schema: AnswerSchema, entries: Entries, *, part: str = NO_PART) -> None:
        """Keeps answers, in one transaction; one that is there stays."""
        with self._writing() as base:
            number = _number_of(base, "schemas", "schema", schema.to_json())
            place = _number_of(base, "parts", "name", part)
            base.executemany(
                "INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?)",
                (
                    (number, row, place, label, answer)
                    for row, label, answer in zip(entries.rows, entries.labels, entries.answers, strict=True)
                ),
            )

    def remove(self, selection: Selection) -> int:
        """Removes answers; returns how many."""
        with self._writing() as base:
            where = _where(base, selection)
            count = _count(base, f"SELECT count(*) FROM (SELECT DISTINCT row, schema FROM entries WHERE {where})")
            base.execute(f"DELETE FROM entries WHERE {where}")
            return count

    def compact(self) -> None:
        """Gives the room of removed answers back."""
        with self._open() as base:
            base.execute("VACUUM")
            base.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def info(self) -> CacheInfo:
        """What is kept."""
        models: dict[str, int] = {}
        with self._reading() as base:
            counted = base.execute(
                "SELECT schema, count(DISTINCT row) FROM entries GROUP BY schema ORDER BY schema"
            ).fetchall()
            schemas = dict(base.execute("SELECT id, schema FROM schemas"))
        for number, rows in counted:
            model = AnswerSchema.from_json(schemas[number]).model
            models[model] = models.get(model, 0) + rows
        names = (FILE_NAME, f"{FILE_NAME}-wal")
        size = sum((self.folder / name).stat().st_size for name in names if (self.folder / name).exists())
        return CacheInfo(place=self.place, rows=sum(models.values()), models=models, bytes=size)

    def schemas(self) -> list[AnswerSchema]:
        """Schemas of the answers that are kept, oldest first."""
        with self._reading() as base:
            texts = base.execute("SELECT schema FROM schemas WHERE id IN (SELECT schema FROM entries) ORDER BY id")
            return [AnswerSchema.from_json(text) for (text,) in texts]

    def pairs(
        self, old: AnswerSchema, new: AnswerSchema, *, at_once: int
    ) -> Iterator[list[tuple[bytes, bytes, bytes]]]:
        """Rows that both answered: key, old answer, new answer; some at a time, in order of the keys."""
        last = b""
        while True:
            with self._reading() as base:
                found = base.execute(
                    "SELECT o.row, o.answer, n.answer FROM entries AS o JOIN entries AS n ON n.row = o.row"
                    " WHERE o.row > ? AND o.schema = (SELECT id FROM schemas WHERE schema = ?)"
                    " AND n.schema = (SELECT id FROM schemas WHERE schema = ?) GROUP BY o.row ORDER BY o.row LIMIT ?",
                    (last, old.to_json(), new.to_json(), at_once),
                ).fetchall()
            if not found:
                return
            yield found
            last = found[-1][0]

    def part_names(self) -> set[str]:
        """The parts whose answers lie in this file."""
        with self._reading() as base:
            return {name for (name,) in base.execute("SELECT name FROM parts WHERE name != ?", (NO_PART,))}

    def drop_parts(self, names: set[str]) -> None:
        """Forgets parts with their answers, in one transaction."""
        with self._writing() as base:
            for name in sorted(names):
                base.execute("DELETE FROM entries WHERE part = (SELECT id FROM parts WHERE name = ?)", (name,))
                base.execute("DELETE FROM parts WHERE name = ?", (name,))

    def parts_with(self, selection: Selection) -> list[str]:
        """The parts that hold such answers."""
        with self._reading() as base:
            where = _where(base, selection)
            found = base.execute(f"SELECT name FROM parts WHERE id IN (SELECT part FROM entries WHERE {where})")
            return sorted(name for (name,) in found)

    def count(self, selection: Selection) -> int:
        """How many such answers are kept."""
        with self._reading() as base:
            where = _where(base, selection)
            return _count(base, f"SELECT count(*) FROM (SELECT DISTINCT row, schema FROM entries WHERE {where})")

    def entries_of(self, parts: Sequence[str], without: Selection | None = None) -> Entries:
        """The answers of some parts, each row once, but for those selected."""
        with self._reading() as base:
            other = f"NOT ({_where(base, without)})" if without else "TRUE"
            found = base.execute(
                "SELECT row, label, answer FROM entries WHERE part IN"
                f" (SELECT id FROM parts WHERE name IN ({', '.join('?' * len(parts))})) AND {other}"
                " GROUP BY row ORDER BY row",
                tuple(parts),
            ).fetchall()
        rows, labels, answers = ([row[i] for row in found] for i in range(3))
        return Entries(rows=rows, labels=labels, answers=answers)

    def schema_of(self, part: str) -> AnswerSchema | None:
        """The schema of a part's answers; ``None``: it has none."""
        with self._reading() as base:
            found = base.execute(
                "SELECT schema FROM schemas WHERE id IN (SELECT schema FROM entries WHERE part ="
                " (SELECT id FROM parts WHERE name = ?) LIMIT 1)",
                (part,),
            ).fetchone()
        return AnswerSchema.from_json(found[0]) if found else None

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._open() as base:
            base.execute("BEGIN")
            yield base
            base.execute("ROLLBACK")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._open() as base:
            base.execute("BEGIN IMMEDIATE")
            try:
                yield base
            except BaseException:
                base.execute("ROLLBACK")
                raise
            base.execute("COMMIT")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            if not self._file.exists():
                self._create()
            with closing(_connect(self._file)) as base:
                yield base
        except sqlite3.OperationalError as error:
            raise CacheError(
                f"the cached answers in {self.place} cannot be used ({error}): another process may hold the file, the"
                " disk may be full, or the folder may not be yours; name another with store=, or call the endpoint"
            ) from error
        except sqlite3.DatabaseError as error:
            raise CacheError(
                f"the file {FILE_NAME} in {self.place} is damaged ({error}): remove it, its answers are asked again"
            ) from error
        except OSError as error:
            raise CacheError(
                f"the cache folder {self.place} cannot be used ({error.strerror}): name another with store="
            ) from error

    def _create(self) -> None:
        for folder in [*reversed(self.folder.parents), self.folder]:  # mkdir gives parents another mode
            if not folder.is_dir():
                folder.mkdir(exist_ok=True, mode=FOLDER_MODE)
        # The kernel drops the lock of a process that is killed. The file appears with its tables, or not at all.
        with open(self.folder / LOCK_NAME, "w", opener=_owner_only) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._file.exists():
                return
            for left in self.folder.glob(f"{NEW_NAME}*"):
                left.unlink()
            new = self.folder / NEW_NAME
            os.close(os.open(new, os.O_CREAT | os.O_RDWR, FILE_MODE))
            with closing(_connect(new)) as base:
                base.execute("PRAGMA journal_mode = WAL")
                base.executescript(_TABLES)
            new.rename(self._file)


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, FILE_MODE)


def _connect(file: Path) -> sqlite3.Connection:
    # "rw": a file that somebody has removed meanwhile does not come back empty
    uri = f"{file.resolve().as_uri()}?mode=rw"
    base = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    base.execute("PRAGMA synchronous = NORMAL")
    base.execute("PRAGMA temp_store = MEMORY")
    base.execute("PRAGMA secure_delete = ON")  # removed answers may hold structures
    return base


def _number_of(base: sqlite3.Connection, table: str, column: str, value: str) -> int:
    base.execute(f"INSERT OR IGNORE INTO {table} ({column}) VALUES (?)", (value,))
    return _count(base, f"SELECT id FROM {table} WHERE {column} = ?", value)


def _count(base: sqlite3.Connection, query: str, *parameters: str) -> int:
    return int(base.execute(query, parameters).fetchone()[0])


def _where(base: sqlite3.Connection, selection: Selection) -> str:
    """The condition in SQL; what it compares with is put into temporary tables."""
    conditions = ["TRUE"]
    for column, keys in (("label", selection.labels), ("row", selection.rows)):
        if keys is not None:
            base.execute(f"CREATE TEMP TABLE chosen_{column} (key BLOB PRIMARY KEY)")
            base.executemany(f"INSERT INTO chosen_{column} VALUES (?)", ((key,) for key in keys))
            conditions.append(f"coalesce({column} IN (SELECT key FROM chosen_{column}), FALSE)")
    if selection.model is not None:
        numbers = [
            number
            for number, text in base.execute("SELECT id, schema FROM schemas")
            if AnswerSchema.from_json(text).model == selection.model
        ]
        conditions.append(f"schema IN ({', '.join(str(number) for number in numbers)})")
    return " AND ".join(conditions)
