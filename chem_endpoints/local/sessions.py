"""Stateful sessions: a container opens one, and later requests of it go to the same instance.

A caller sends the session id ``NEW_SESSION``; the container answers with ``X-Amzn-SageMaker-New-Session-Id: ID;
Expires=2026-01-31T12:00:00Z`` (InvokeEndpoint, NewSessionId), or under ``X-Amzn-SageMaker-Session-Id`` as AWS's own
sample does, and ends it with ``X-Amzn-SageMaker-Closed-Session-Id: ID``. AWS does not document what a session that is
unknown, expired, or whose instance is gone is answered with: here it is a ValidationError.
"""

import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

NEW_SESSION = "NEW_SESSION"
_OPENED = re.compile(r"([a-zA-Z0-9](?:-*[a-zA-Z0-9])*);\s*Expires=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whose sessions these are."""

    region: str
    endpoint: str
    component: str | None = None


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session and the instance that has its state."""

    variant: str
    port: int
    """Of the instance's server; another process has another, and does not have the state."""
    expires: datetime


class Sessions:
    """The sessions that containers have opened; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[tuple[Owner, str], Session] = {}

    def find(self, owner: Owner, session_id: str) -> Session | None:
        """The session of this id, unless it is unknown or has expired."""
        with self._lock:
            session = self._sessions.get((owner, session_id))
        return session if session is not None and datetime.now(UTC) < session.expires else None

    def open(self, owner: Owner, answered: str, *, variant: str, port: int) -> None:
        """Notes what a container answered to ``NEW_SESSION``; without an id and a time it is no session."""
        found = _OPENED.fullmatch(answered.strip())
        if found is None:
            return
        now = datetime.now(UTC)
        session = Session(variant=variant, port=port, expires=datetime.fromisoformat(found.group(2)))
        with self._lock:
            self._sessions = {key: kept for key, kept in self._sessions.items() if now < kept.expires}
            self._sessions[owner, found.group(1)] = session

    def close(self, owner: Owner, session_id: str) -> None:
        """Forgets a session that its container has ended."""
        with self._lock:
            self._sessions.pop((owner, session_id.strip()), None)
