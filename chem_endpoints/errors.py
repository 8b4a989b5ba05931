"""Everything that `chem_endpoints` raises on purpose. Each message says what happened and what to do.

::

    EndpointError
    ├── EndpointNotFoundError     no such endpoint in this account and region
    ├── ForeignEndpointError      it was not deployed by Chem Endpoints
    ├── AccessRefusedError        AWS does not let this caller do it
    ├── InvalidInputError         the frame does not fit the model (also a ValueError)
    │   ├── FileError             a file cannot be read as its format, or must not be written
    │   └── OtherBatchError       the output folder belongs to another batch
    ├── RequestRefusedError       the model's server refused the request
    ├── ModelFailedError          the model's server failed, again after retries
    ├── InvocationTimeoutError    no answer within the time allowed
    ├── NoCapacityError           the endpoint sleeps, and nothing woke it in time
    ├── AnswerMismatchError       the answer is not one row for each row sent
    ├── JobNotFoundError          there is no such job
    ├── JobCancelledError         the job was cancelled
    ├── ModelChangedError         the endpoint serves another model than at the begin of the job or batch
    ├── CacheError                the place of cached answers cannot be used
    ├── NodeFailedError           an endpoint of a meta endpoint could not be asked
    └── NoRdkitError              drawing or writing structures needs RDKit
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class EndpointError(Exception):
    """Base of all errors about an endpoint.

    Attributes:
        partial: the caller's rows with the answers that had come before the error; ``None``: none was asked for.
            Rows without an answer carry the reason ``unsent``.
    """

    partial: "pd.DataFrame | None" = None

    def __reduce__(self) -> tuple[Any, ...]:
        # Whatever a class's constructor asks for: an error travels between processes with all that it holds.
        return _made_again, (type(self), self.args, self.__dict__)


def _made_again(kind: type[EndpointError], arguments: tuple[Any, ...], state: dict[str, Any]) -> EndpointError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


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


class FileError(InvalidInputError):
    """A file cannot be read as its format, or must not or cannot be written.

    The message names the file and, where there is one, the line; it never quotes what stands there.
    """


class OtherBatchError(InvalidInputError):
    """The output folder holds something else than earlier parts of this batch; nothing was written or sent."""


class JobNotFoundError(EndpointError):
    """There is no such job: never submitted, purged, or expired with the endpoint's requests."""


class JobCancelledError(EndpointError):
    """The job was cancelled; `Job.partial` still gives the rows that were answered."""


class ModelChangedError(EndpointError):
    """The endpoint serves another model than when the job or batch began, and rows are still to be sent."""


class CacheError(EndpointError):
    """The place where answers are kept cannot be read or written."""


class NodeFailedError(EndpointError):
    """An endpoint of a meta endpoint could not be asked; the reason is the error's cause.

    Attributes:
        node: name of its node.
    """

    def __init__(self, message: str, *, node: str) -> None:
        super().__init__(message)
        self.node = node


class NoRdkitError(EndpointError):
    """RDKit is not installed."""
