"""Everything that `chem_endpoints` raises on purpose. Each message says what happened and what to do.

::

    EndpointError
    ├── EndpointNotFoundError     no such endpoint in this account and region
    ├── ForeignEndpointError      it was not deployed by Chem Endpoints
    ├── AccessRefusedError        AWS does not let this caller do it
    ├── InvalidInputError         the frame does not fit the model (also a ValueError)
    ├── RequestRefusedError       the model's server refused the request
    ├── ModelFailedError          the model's server failed, again after retries
    ├── InvocationTimeoutError    no answer within the time allowed
    ├── NoCapacityError           the endpoint sleeps, and nothing woke it in time
    └── AnswerMismatchError       the answer is not one row for each row sent
"""


class EndpointError(Exception):
    """Base of all errors about an endpoint."""


class EndpointNotFoundError(EndpointError):
    """There is no such endpoint in this account and region."""


class ForeignEndpointError(EndpointError):
    """The endpoint carries no tags of Chem Endpoints, so its columns are unknown."""


class AccessRefusedError(EndpointError):
    """AWS refused the call: credentials or permissions."""


class InvalidInputError(EndpointError, ValueError):
    """The input does not fit the model as a whole; rows that do not fit one by one are never an error."""


class RequestRefusedError(EndpointError):
    """The model's server refused the request as a whole.

    Attributes:
        status: the server's HTTP status (4xx).
        code: its machine-readable name.
    """

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class ModelFailedError(EndpointError):
    """The model's server failed (5xx, or a lost connection), again after retries."""


class InvocationTimeoutError(EndpointError):
    """No answer came within the time allowed."""


class NoCapacityError(EndpointError):
    """The endpoint has no copy of the model that runs, and none came within the time allowed."""


class AnswerMismatchError(EndpointError):
    """The answer does not hold one row for each row sent, in order; nothing was attached."""
