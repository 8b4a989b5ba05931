"""Shares of the requests, dealt out evenly and without chance: of ten at 0.3, three, and never three in a row."""

import threading
from collections.abc import Mapping

_ROUNDING = 1e-9


class Share:
    """Says of each request whether it belongs to a share of all; safe to ask from any thread."""

    def __init__(self) -> None:
        self._owed = 0.0
        self._lock = threading.Lock()

    def next(self, share: float) -> bool:
        """Whether the next request belongs to it; ``share`` is between 0 and 1 and may change."""
        with self._lock:
            self._owed += share
            if self._owed < 1 - _ROUNDING:
                return False
            self._owed -= 1
            return True


class WeightedTurns:
    """Takes turns by weight, the smooth weighted round robin; safe to ask from any thread."""

    def __init__(self) -> None:
        self._credit: dict[str, float] = {}
        self._lock = threading.Lock()

    def next(self, weights: Mapping[str, float]) -> str | None:
        """Whose turn it is; None when nobody has any weight."""
        total = sum(weights.values())
        if total <= 0:
            return None
        with self._lock:
            before = self._credit
            self._credit = {name: before.get(name, 0.0) + weight for name, weight in weights.items() if weight > 0}
            chosen = max(self._credit, key=lambda name: self._credit[name])
            self._credit[chosen] -= total
            return chosen
