"""The model host: a fork server that loads the model when it starts, so that all workers share one copy."""

import multiprocessing
from multiprocessing import forkserver

from container.server.allocator import keep_memory
from container.server.threads import limit_threads

PRELOADED = ["container.server.worker", "container.server.preload"]


def start_host() -> None:
    """Starts the host, unless it runs; the model loads while the HTTP process does its own imports."""
    limit_threads()
    keep_memory()
    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
    forkserver.ensure_running()
