"""Names of jobs: the endpoint's name and chance, so that a name leads to its job from any machine."""

import re
import secrets

from chem_endpoints.errors import JobNotFoundError

_ID = re.compile(r"(?P<endpoint>[a-zA-Z0-9][a-zA-Z0-9-]{0,62})\.[0-9a-f]{12}")


def new_id(endpoint: str) -> str:
    """A new id, such as ``logs-v1.3f2a9c01b7de``; SageMaker's names of endpoints have no dot."""
    return f"{endpoint}.{secrets.token_hex(6)}"


def is_id(text: str) -> bool:
    """Whether the text is written like an id; names of folders and keys are compared by it."""
    return _ID.fullmatch(text) is not None


def endpoint_of(job_id: str) -> str:
    """The endpoint's name in an id.

    Raises:
        JobNotFoundError: it is written otherwise.
    """
    found = _ID.fullmatch(job_id)
    if found is None:
        raise JobNotFoundError(f"{job_id!r} is no id of a job; they look like logs-v1.3f2a9c01b7de")
    return found.group("endpoint")
