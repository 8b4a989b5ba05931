"""What AWS says of something that is not there, told apart from everything else that it refuses."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

_CODES = frozenset({"ResourceNotFound", "ResourceNotFoundException"})
_WORDS = ("could not find", "does not exist")
"""The ValidationException of SageMaker and of CloudFormation has no code of its own for what is not there."""


def is_absent(error: ClientError) -> bool:
    """Whether AWS says that there is no such thing."""
    told = error.response["Error"]
    return told["Code"] in _CODES or any(word in told.get("Message", "").lower() for word in _WORDS)


def found(describe: Callable[..., Any], **parameters: str) -> Mapping[str, Any] | None:
    """The answer to a call that describes one thing; None where there is no such thing.

    Raises:
        ClientError: AWS refuses.
    """
    try:
        return dict(describe(**parameters))
    except ClientError as error:
        if is_absent(error):
            return None
        raise
