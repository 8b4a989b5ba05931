"""Editors get a schema that knows the keys, their bounds and their help."""

from typing import Any

from chem_endpoints.spec.endpoint_spec import SPEC_BY_KIND
from chem_endpoints.spec.schema import endpoint_schema


def definition(name: str) -> dict[str, Any]:
    found: dict[str, Any] = endpoint_schema()["$defs"][name]
    return found


def test_the_schema_offers_every_kind() -> None:
    offered = {choice["$ref"] for choice in endpoint_schema()["oneOf"]}
    assert offered == {f"#/$defs/{spec.__name__}" for spec in SPEC_BY_KIND.values()}


def test_each_key_has_its_help_and_no_other_key_is_allowed() -> None:
    serving = definition("AsyncServing")
    assert serving["additionalProperties"] is False
    assert all("description" in value or "$ref" in value for value in serving["properties"].values())


def test_bounds_and_choices_are_in_the_schema() -> None:
    assert definition("RealtimeClient")["properties"]["invocation_timeout_s"]["maximum"] == 60
    assert 7 in definition("Retain")["properties"]["input_days"]["enum"]
