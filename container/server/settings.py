"""Settings of the server: read once from the environment, handed on as one object."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from chem_endpoints.wire import environment
from chem_endpoints.wire.manifest import Manifest

T = TypeVar("T")


class SettingsError(Exception):
    """A variable that cannot be read; names it, its value and what it should be."""


_MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where a container's limit stands, of control groups version 2 and 1 (docs of the Linux kernel: cgroup-v2, memory)."""

ROW_SECONDS = 10.0
"""For a model whose bundle and environment say nothing."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the server can be told. The variables are listed in `chem_endpoints.wire.environment`.

    Attributes:
        model_dir: folder of the unpacked bundle.
        host: address to listen on.
        port: port to listen on.
        endpoint_name: SageMaker endpoint, for the log line.
        model_sha256: digest that the bundle must have; ``None``: any.
        workers: number of worker processes.
        request_seconds: deadline of a request, queueing included.
        max_body_bytes: larger bodies are refused before they are read.
        max_waiting: requests that may wait for a worker; further ones are told to come again.
        stream_seconds: deadline of a request whose answer is streamed, where longer than ``request_seconds``.
        row_seconds: longest time that the model may work on one row; ``None``: as the bundle says, see
            `longest_row`.
        row_memory_bytes: memory that a worker may use beyond the loaded model.
        coalesce: whether small requests that wait anyway travel to a worker together.
        allow_pickle: whether ``model_fn`` may read pickles.
        show_worker_output: whether text that model code prints is let through to the log.
    """

    model_dir: Path = Path("/opt/ml/model")
    host: str = "0.0.0.0"  # noqa: S104 - SageMaker reaches the container from outside
    port: int = 8080
    endpoint_name: str = "local"
    model_sha256: str | None = None
    workers: int = 1
    request_seconds: float = 50.0
    max_body_bytes: int = 25_000_000
    max_waiting: int = 64
    stream_seconds: float = 470.0
    row_seconds: float | None = None
    row_memory_bytes: int = 2_000_000_000
    coalesce: bool = True
    allow_pickle: bool = False
    show_worker_output: bool = False

    def longest_row(self, manifest: Manifest | None) -> float:
        """Seconds that the model may work on one row: what the environment says, else the bundle, else a default."""
        declared = manifest.row_seconds if manifest is not None else None
        return self.row_seconds or declared or ROW_SECONDS


def read_settings(env: Mapping[str, str]) -> Settings:
    """Reads the settings; a variable that is absent or empty takes its default.

    Raises:
        SettingsError: a value is of the wrong kind.
    """
    default = Settings()

    def read(name: str, cast: Callable[[str], T], otherwise: T) -> T:
        text = env.get(name, "").strip()
        if not text:
            return otherwise
        try:
            return cast(text)
        except ValueError:
            raise SettingsError(
                f"{name}={text!r} is not a valid {cast.__name__.strip('_').replace('_', ' ')}"
            ) from None

    workers = read(environment.WORKERS, _positive_int, _usable_cores())
    return Settings(
        model_dir=read(environment.MODEL_DIR, Path, default.model_dir),
        host=read(environment.HOST, str, default.host),
        port=read(environment.BIND_PORT, int, default.port),
        endpoint_name=read(environment.ENDPOINT_NAME, str, default.endpoint_name),
        model_sha256=read(environment.MODEL_SHA256, str, default.model_sha256),
        workers=workers,
        request_seconds=read(environment.REQUEST_SECONDS, _positive_number, default.request_seconds),
        max_body_bytes=read(environment.MAX_BODY_MEGABYTES, _positive_int, default.max_body_bytes // 10**6) * 10**6,
        max_waiting=read(environment.MAX_WAITING, _positive_int, default.max_waiting),
        stream_seconds=read(environment.STREAM_SECONDS, _positive_number, default.stream_seconds),
        row_seconds=read(environment.ROW_SECONDS, _positive_number, default.row_seconds),
        row_memory_bytes=read(environment.ROW_MEMORY_MEGABYTES, _positive_int, _memory_budget(workers)) * 10**6,
        coalesce=read(environment.COALESCE, _yes_or_no, default.coalesce),
        allow_pickle=read(environment.ALLOW_PICKLE, _yes_or_no, default.allow_pickle),
        show_worker_output=read(environment.WORKER_OUTPUT, _show_or_count, default.show_worker_output),
    )


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_budget(workers: int) -> int:
    """Default of a worker's memory beyond the model, in 10^6 bytes: all workers together leave 40 % to the rest."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in _MEMORY_LIMITS:
        if limit.is_file() and (text := limit.read_text().strip()).isdigit():
            total = min(total, int(text))
    return max(100, min(2000, int(total * 0.6) // workers // 10**6))


def _yes_or_no(text: str) -> bool:
    return _choice(text, {"1": True, "true": True, "0": False, "false": False})


def _show_or_count(text: str) -> bool:
    return _choice(text, {"show": True, "count": False})


def _choice(text: str, meanings: Mapping[str, bool]) -> bool:
    if text.lower() not in meanings:
        raise ValueError
    return meanings[text.lower()]


def _positive_int(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _positive_number(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError
    return number
