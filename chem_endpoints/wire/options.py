"""Options of a request: ``key=value;…`` in the header ``X-Amzn-SageMaker-Custom-Attributes``.

SageMaker forwards that header both ways: at most 1 024 visible ASCII characters (InvokeEndpoint API).
Unknown keys are ignored, so that a newer client may talk to an older server.
"""

from dataclasses import dataclass
from typing import Literal

HEADER = "X-Amzn-SageMaker-Custom-Attributes"
INFERENCE_ID_HEADER = "X-Amzn-SageMaker-Inference-Id"
MODEL_DIGEST_KEY = "model-sha256"
REQUEST_ID_KEY = "request-id"
RETURN_KEY = "return"
STRICT_KEY = "strict"
EXPLAIN_KEY = "explain"
CONFORMERS_KEY = "conformers"
ON_REQUEST_KEYS = (EXPLAIN_KEY, CONFORMERS_KEY)
"""Options that add outputs, where a model's manifest offers them (`Manifest.on_request`)."""
MAX_REQUEST_ID_CHARACTERS = 128

Return = Literal["all", "added"]


@dataclass(frozen=True, kw_only=True)
class RequestOptions:
    """What a caller can ask for.

    Attributes:
        returned: ``all``: every column of the caller and the added ones; ``added``: the row number, if one
            was sent, and the added columns only.
        strict: a row that fails fails the request (422), which names the rows.
        asked: which of `ON_REQUEST_KEYS` are wanted.
        request_id: the caller's own id, written to the server's log line: its visible ASCII
            characters, at most `MAX_REQUEST_ID_CHARACTERS`.
    """

    returned: Return = "all"
    strict: bool = False
    asked: frozenset[str] = frozenset()
    request_id: str | None = None

    def to_header(self) -> str:
        """The header's value."""
        pairs = {
            RETURN_KEY: self.returned,
            STRICT_KEY: "true" if self.strict else None,
            **{key: "true" for key in ON_REQUEST_KEYS if key in self.asked},
            REQUEST_ID_KEY: self.request_id,
        }
        return format_attributes({key: value for key, value in pairs.items() if value is not None})


def parse_options(header: str | None) -> RequestOptions:
    """Reads the options of a request; absent ones take their default."""
    attributes = parse_attributes(header)
    returned: Return = "added" if attributes.get(RETURN_KEY) == "added" else "all"
    request_id = "".join(sign for sign in attributes.get(REQUEST_ID_KEY, "") if "!" <= sign <= "~")
    return RequestOptions(
        returned=returned,
        strict=_is_set(attributes, STRICT_KEY),
        asked=frozenset(key for key in ON_REQUEST_KEYS if _is_set(attributes, key)),
        request_id=request_id[:MAX_REQUEST_ID_CHARACTERS] or None,
    )


def _is_set(attributes: dict[str, str], key: str) -> bool:
    return attributes.get(key, "false").lower() in ("", "1", "true")


def format_attributes(attributes: dict[str, str]) -> str:
    """Writes ``key=value;…``."""
    return ";".join(f"{key}={value}" for key, value in attributes.items())


def parse_attributes(header: str | None) -> dict[str, str]:
    """Reads ``key=value;…``; a key alone has an empty value."""
    parts = (part.partition("=") for part in (header or "").split(";"))
    return {key.strip(): value.strip() for key, _, value in parts if key.strip()}
