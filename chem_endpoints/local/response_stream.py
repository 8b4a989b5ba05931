"""InvokeEndpointWithResponseStream: the container's answer as a stream of events, each sent as soon as it is there."""

from collections.abc import Iterator

from chem_endpoints.local.container_response import CUSTOM_ATTRIBUTES, NoAnswerError
from chem_endpoints.local.event_stream import payload_part, stream_exception
from chem_endpoints.local.open_answer import OpenAnswer

_TIME_OVER = "The model did not finish sending the response within the time that SageMaker allows."
_BROKEN = "The connection between the endpoint and the model was closed before the response was complete."


class ResponseStream:
    """The messages of one answer; whoever iterates over it closes it, whether it ended or not."""

    def __init__(self, answer: OpenAnswer) -> None:
        """Waits for the answer's first byte, since only until then an error has a status of its own.

        Raises:
            InvocationError: the container sent none, or none in time; the answer is closed then.
        """
        self._answer = answer
        self._pieces = answer.pieces()
        try:
            self._first = next(self._pieces, None)
        except NoAnswerError as error:
            raise answer.without_end(error) from error
        self._messages = self._encoded()

    @property
    def content_type(self) -> str:
        """Media type of the container's answer."""
        return self._answer.response.content_type

    @property
    def variant(self) -> str:
        """The variant that answers."""
        return self._answer.server.variant

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Those of the container's headers that come back to the caller: this operation knows one (botocore)."""
        return [(name, value) for name, value in self._answer.response.headers if name == CUSTOM_ATTRIBUTES]

    def __iter__(self) -> Iterator[bytes]:
        return self._messages

    def close(self) -> None:
        """Lets the container go."""
        self._answer.close()

    def _encoded(self) -> Iterator[bytes]:
        if self._first is None:
            return
        yield payload_part(self._first)
        try:
            for piece in self._pieces:
                yield payload_part(piece)
        except NoAnswerError as error:
            self._answer.counted.broke_off = True
            yield _exception(error)


def _exception(error: NoAnswerError) -> bytes:
    code, message = ("StreamBroken", _BROKEN) if error.in_time else ("ModelInvocationTimeExceeded", _TIME_OVER)
    return stream_exception("ModelStreamError", Message=message, ErrorCode=code)
