"""The service's log: what failed and where, and never with which values."""

import logging
from traceback import format_tb
from typing import Any


class ConfidentialFormatter(logging.Formatter):
    """Writes an exception's type and the lines that it passed; its message may hold a key or a structure."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """The type, then the frames."""
        kind, _, trace = ei
        return f"{kind.__name__}\n{''.join(format_tb(trace)).rstrip()}"


def configure_log() -> None:
    """Sets up logging of this process: to standard error, from INFO on."""
    handler = logging.StreamHandler()
    handler.setFormatter(ConfidentialFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
