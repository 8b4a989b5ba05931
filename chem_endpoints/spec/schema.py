"""The JSON Schema of a declaration, for editors that complete and underline."""

from typing import Any

from pydantic import TypeAdapter

from chem_endpoints.spec.endpoint_spec import EndpointSpec


def endpoint_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of ``endpoints/*.yaml``.

    It knows the keys, types, bounds and help texts; rules between fields are checked at synth alone.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Chem Endpoints declaration",
        **TypeAdapter(EndpointSpec).json_schema(),
    }
