"""Tags by which an endpoint tells the client what it serves.

The endpoint stack writes them, the client reads them with one ListTags call; an endpoint without them is
foreign. Tag values may hold letters, digits, spaces and ``_ . : / = + - @`` only (SageMaker API reference,
Tag), hence ``key=value`` pairs instead of JSON.
"""

MANIFEST_URI = "chem-endpoints:manifest"
"""``s3://bucket/key`` of the bundle's ``manifest.json``."""

MODEL_SHA256 = "chem-endpoints:model-sha256"
"""The model digest (SHA-256 of ``manifest.json``)."""

WIRE = "chem-endpoints:wire"
"""Version of the wire format that the endpoint speaks."""

WIRE_VERSION = "1"

CLIENT_SETTINGS = "chem-endpoints:client"
"""The declaration's ``client`` section: ``rows_per_chunk=1000 max_in_flight=4 …``."""

INPUT_URI = "chem-endpoints:input"
"""``s3://bucket/prefix/`` under which callers of an async endpoint put their requests."""

CAPTURES_URI = "chem-endpoints:captures"
"""``s3://bucket/prefix/`` under which callers of any endpoint store the inferences that they capture under a name."""


def format_settings(settings: dict[str, int]) -> str:
    """Writes settings as ``key=value`` pairs, in the order of the keys."""
    return " ".join(f"{key}={settings[key]}" for key in sorted(settings))


def parse_settings(text: str) -> dict[str, int]:
    """Reads what `format_settings` wrote.

    Raises:
        ValueError: a pair is not ``key=integer``.
    """
    pairs = (pair.partition("=") for pair in text.split())
    return {key: int(value) for key, _, value in pairs}
