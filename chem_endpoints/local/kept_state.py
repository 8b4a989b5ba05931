"""The state of a local AWS that outlives it: one file, and one for each body of an S3 object.

It holds what callers sent, structures too: the files are the user's own (0600). It is written when the local AWS
stops, and every minute, so that little is lost when it is killed. A state is read only by what wrote it: the same
moto and the same classes.
"""

import hashlib
import io
import json
import logging
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from chem_endpoints.local.kept_bodies import KeptBodies
from chem_endpoints.local.kept_files import STATE_FILE, kept_folder
from chem_endpoints.local.kept_moto import BackendState
from chem_endpoints.local.kept_pickle import UNKEEPABLE, StatePickler, StateUnpickler
from chem_endpoints.synced_folder import sync_folder

_LOGGER = logging.getLogger(__name__)
_ATTEMPTS = 6
_PAUSE_SECONDS = 0.1


class KeptStateError(Exception):
    """The kept state cannot be read; the message says what to do."""


class KeptPart(Protocol):
    """A part of the local AWS whose state is kept."""

    def snapshot(self) -> Any:
        """What is kept: plain values, and objects without processes, threads and open files."""

    def restore(self, kept: Any) -> None:
        """Takes what another process has kept, before the first request."""


@dataclass(frozen=True, kw_only=True)
class _Written:
    """A state as bytes."""

    content: bytes
    modules: set[str]
    bodies: set[str]


class KeptState:
    """Keeps the state of some parts."""

    def __init__(self, folder: Path, parts: Mapping[str, KeptPart], *, seconds: float) -> None:
        """
        Args:
            folder: of the local AWS.
            parts: by their names, in the order in which they are restored.
            seconds: real time between two savings.
        """
        self._seconds = seconds
        self._folder, self._parts = kept_folder(folder), parts
        self._bodies = KeptBodies(self._folder / "bodies")
        self._unkeepable: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._save_on, name="kept state", daemon=True)

    @property
    def _file(self) -> Path:
        return self._folder / STATE_FILE

    def restore(self) -> bool:
        """Gives the parts what was kept; False when nothing was.

        Raises:
            KeptStateError: it cannot be read.
        """
        if not self._file.exists():
            return False
        with self._file.open("rb") as file:
            _require_private(file.fileno(), self._file)
            header = file.readline()
            content = file.read()
        self._require_same_code(header)
        try:
            kept = StateUnpickler(io.BytesIO(content), self._bodies).load()
            for name, part in self._parts.items():
                if name in kept:
                    part.restore(kept[name])
        except Exception as error:
            message = f"The kept state cannot be read ({type(error).__name__}: {error}). {_WAY_OUT}"
            raise KeptStateError(message) from error
        return True

    def start(self) -> None:
        """Saves every minute, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Ends that."""
        self._stopping.set()
        self._thread.join()

    def snapshot(self) -> dict[str, Any]:
        """The parts' states, to be saved soon."""
        return {name: part.snapshot() for name, part in self._parts.items()}

    def save(self, take: Callable[[], dict[str, Any]] | None = None) -> None:
        """Writes a state in the place of the one before: after a crash one of both is there, whole.

        Args:
            take: gives the parts' states; default: `snapshot`.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = self._of_one_moment(take or self.snapshot)
        self._bodies.sync()
        header = {"saved": datetime.now(UTC).isoformat(timespec="seconds"), **_code(written.modules)}
        draft = self._file.with_suffix(".tmp")
        draft.unlink(missing_ok=True)
        with open(draft, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(json.dumps(header).encode() + b"\n" + written.content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._file)
        sync_folder(self._folder)
        self._bodies.forget_all_but(written.bodies)

    def _save_on(self) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                self.save()
            except Exception:
                _LOGGER.exception("The state could not be kept; the next attempt follows")

    def _of_one_moment(self, take: Callable[[], dict[str, Any]]) -> _Written:
        """The state as it was at one moment, although others go on changing it.

        What reads the same twice was so all at once, between both. When it never does, the last reading is taken.
        """
        before: _Written | None = None
        for attempt in range(_ATTEMPTS):
            try:
                now = self._pickled(take())
            except RuntimeError:  # Something changed its size while it was read.
                continue
            if before is not None and now.content == before.content:
                return now
            before = now
            self._stopping.wait(attempt * _PAUSE_SECONDS)
        if before is None:
            raise RuntimeError("The state changes too fast to be read")
        return before

    def _pickled(self, state: dict[str, Any]) -> _Written:
        """The state in one piece, without the services of moto that pickle cannot write: each is told once."""
        while True:
            try:
                return _pickled(self._keepable(state), self._bodies)
            except UNKEEPABLE:
                found = {backend.place[0]: error for backend, error in self._failing(state)}
                if not found:
                    raise
                for service, error in found.items():
                    _LOGGER.warning("The state of %s is not kept: %s", service, error)
                self._unkeepable |= found.keys()

    def _keepable(self, state: dict[str, Any]) -> dict[str, Any]:
        def kept(item: Any) -> bool:
            return not isinstance(item, BackendState) or item.place[0] not in self._unkeepable

        return {name: [*filter(kept, part)] if isinstance(part, list) else part for name, part in state.items()}

    def _failing(self, state: dict[str, Any]) -> Iterator[tuple[BackendState, Exception]]:
        for part in self._keepable(state).values():
            for item in part if isinstance(part, list) else ():
                if not isinstance(item, BackendState):
                    continue
                try:
                    _pickled(item, self._bodies)
                except UNKEEPABLE as error:
                    yield item, error

    def _require_same_code(self, header: bytes) -> None:
        try:
            kept = json.loads(header)
            now = {"saved": kept["saved"], **_code(kept["modules"])}
        except (ValueError, KeyError, TypeError) as error:
            raise KeptStateError(f"The kept state in {self._folder} is damaged. {_WAY_OUT}") from error
        if kept != now:
            raise KeptStateError(f"The state of {kept['saved']} was kept by another version. {_WAY_OUT}")


_WAY_OUT = "Start without --keep, or remove it: chem-endpoints local forget"


def _pickled(state: Any, bodies: KeptBodies) -> _Written:
    file = io.BytesIO()
    pickler = StatePickler(file, bodies)
    pickler.dump(state)
    return _Written(content=file.getvalue(), modules=pickler.modules, bodies=pickler.body_names)


def _code(modules: Any) -> dict[str, Any]:
    """What must be the same when a state is read: the classes of its objects."""
    return {
        "python": list(sys.version_info[:2]),
        "moto": version("moto"),
        "modules": {name: _digest(name) for name in sorted(modules)},
    }


def _digest(module: str) -> str | None:
    found = find_spec(module)
    origin = found.origin if found else None
    return hashlib.sha256(Path(origin).read_bytes()).hexdigest() if origin else None


def _require_private(descriptor: int, path: Path) -> None:
    """A pickle is as good as code: it must be nobody else's.

    Raises:
        KeptStateError: others could have written it.
    """
    found = os.fstat(descriptor)
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise KeptStateError(f"{path}: others could have changed it; it must be yours, with the mode 600. {_WAY_OUT}")
