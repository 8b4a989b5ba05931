"""The retry budget of an endpoint: few retries without a success between them, so that an outage is not made worse.

Source: retry throttling of gRPC (gRFC A6), with a slow refill by time, so that a caller who waits may try again.
"""

from dataclasses import dataclass, field
from threading import Lock

TOKENS = 10.0
"""Retries that a budget holds at most."""
PER_SUCCESS = 0.5
"""Tokens that a success gives back."""
PER_SECOND = 0.1
"""Tokens that time gives back."""


@dataclass(kw_only=True)
class RetryBudget:
    """A token bucket shared by all calls of one `Endpoint`; safe between threads."""

    _tokens: float = TOKENS
    _filled_at: float | None = None
    _lock: Lock = field(default_factory=Lock, repr=False)

    def succeeded(self) -> None:
        """Gives a part of a token back."""
        with self._lock:
            self._tokens = min(TOKENS, self._tokens + PER_SUCCESS)

    def take(self, now: float) -> bool:
        """Takes the token of one retry; ``False``: there is none.

        Args:
            now: seconds of the workers' clock.
        """
        with self._lock:
            waited = now - self._filled_at if self._filled_at is not None else 0.0
            self._filled_at = now
            self._tokens = min(TOKENS, self._tokens + waited * PER_SECOND)
            if self._tokens < 1.0:
                return False
            self._tokens -= 1.0
            return True
