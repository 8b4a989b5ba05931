"""Properties are checked against CloudFormation's own schemas, in its words, before anything is made."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.local.cfn_coercion import coerced
from chem_endpoints.local.cfn_schema import Schema, schema_of
from chem_endpoints.local.cfn_schema_check import SchemaError, check_properties, skipped_patterns, violations
from chem_endpoints.local.cfn_template import UNKNOWN
from chem_endpoints.local.cfn_types import TYPES

REGION = "us-east-1"
SNAPSHOTS = Path(__file__).parents[1] / "stacks" / "__snapshots__"
WITH_SCHEMA = sorted(name for name in TYPES if schema_of(name) is not None)
VARIANT = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.c7i.large"}


def told(type_name: str, properties: dict[str, Any]) -> list[str]:
    return [str(violation) for violation in violations(type_name, REGION, properties)]


@pytest.mark.parametrize(
    ("type_name", "properties", "line"),
    [
        pytest.param("AWS::SNS::Topic", {"Colour": 1}, "#: extraneous key [Colour] is not permitted", id="unknown"),
        pytest.param(
            "AWS::SageMaker::EndpointConfig",
            {"ProductionVariants": [VARIANT, {**VARIANT, "Nmodel": "m"}]},
            "#/ProductionVariants/1: extraneous key [Nmodel] is not permitted",
            id="unknown-deep",
        ),
        pytest.param("AWS::SSM::Parameter", {"Value": "x"}, "#: required key [Type] not found", id="required"),
        pytest.param(
            "AWS::SageMaker::EndpointConfig",
            {"ProductionVariants": [{"ModelName": "m"}]},
            "#/ProductionVariants/0: required key [VariantName] not found",
            id="required-deep",
        ),
        pytest.param(
            "AWS::Logs::LogGroup",
            {"RetentionInDays": "a month"},
            "#/RetentionInDays: expected type: Integer, found: String",
            id="integer",
        ),
        pytest.param(
            "AWS::KMS::Key", {"Enabled": "yes"}, "#/Enabled: expected type: Boolean, found: String", id="boolean"
        ),
        pytest.param(
            "AWS::SNS::Topic", {"Tags": {"a": "b"}}, "#/Tags: expected type: JSONArray, found: JSONObject", id="array"
        ),
        pytest.param(
            "AWS::S3::Bucket",
            {"VersioningConfiguration": "on"},
            "#/VersioningConfiguration: expected type: JSONObject, found: String",
            id="object",
        ),
        pytest.param(
            "AWS::Logs::LogGroup",
            {"RetentionInDays": 31},
            "#/RetentionInDays: failed validation constraint for keyword [enum]",
            id="enum",
        ),
        pytest.param(
            "AWS::SageMaker::Endpoint",
            {"EndpointConfigName": "a b"},
            "#/EndpointConfigName: failed validation constraint for keyword [pattern]",
            id="pattern",
        ),
        pytest.param(
            "AWS::KMS::Key",
            {"PendingWindowInDays": 6},
            "#/PendingWindowInDays: failed validation constraint for keyword [minimum]",
            id="minimum",
        ),
        pytest.param(
            "AWS::KMS::Key",
            {"PendingWindowInDays": "31"},
            "#/PendingWindowInDays: failed validation constraint for keyword [maximum]",
            id="maximum",
        ),
        pytest.param(
            "AWS::KMS::Alias",
            {"AliasName": "", "TargetKeyId": "k"},
            "#/AliasName: expected minLength: 1, actual: 0",
            id="min-length",
        ),
        pytest.param(
            "AWS::KMS::Alias",
            {"AliasName": "alias/" + "a" * 300, "TargetKeyId": "k"},
            "#/AliasName: expected maxLength: 256, actual: 306",
            id="max-length",
        ),
        pytest.param(
            "AWS::SageMaker::EndpointConfig",
            {"ProductionVariants": [{**VARIANT, "VariantName": f"v{number}"} for number in range(11)]},
            "#/ProductionVariants: expected maximum item count: 10, found: 11",
            id="max-items",
        ),
        pytest.param(
            "AWS::IAM::Role",
            {"AssumeRolePolicyDocument": {}, "ManagedPolicyArns": ["arn:aws:iam::aws:policy/A"] * 2},
            "#/ManagedPolicyArns: array items are not unique",
            id="unique-items",
        ),
        pytest.param(
            "AWS::SNS::Topic", {"TopicArn": "x"}, "#: extraneous key [TopicArn] is not permitted", id="read-only"
        ),
        pytest.param(
            "AWS::SageMaker::InferenceComponent",
            {"EndpointName": "e", "Specifications": [{"ModelName": "m", "CurrentDataCacheConfig": {}}]},
            "#/Specifications/0: extraneous key [CurrentDataCacheConfig] is not permitted",
            id="read-only-deep",
        ),
    ],
)
def test_a_wrong_value_is_told_in_cloudformations_words(type_name: str, properties: dict[str, Any], line: str) -> None:
    assert line in told(type_name, properties)


def test_no_value_of_a_property_is_told() -> None:
    with pytest.raises(SchemaError) as caught:
        check_properties("AWS::SageMaker::Endpoint", REGION, "Endpoint", {"EndpointConfigName": "a secret"})
    assert str(caught.value) == (
        "Properties validation failed for resource Endpoint with message:\n"
        "#/EndpointConfigName: failed validation constraint for keyword [pattern]"
    )


def test_scalars_may_be_written_as_text_and_text_as_scalars() -> None:
    for properties in (
        {"PendingWindowInDays": "7", "Enabled": "true"},
        {"Description": 60, "EnableKeyRotation": "False"},
    ):
        assert told("AWS::KMS::Key", properties) == []
    document = {"properties": {"n": {"type": "number"}, "i": {"type": "integer"}, "s": {"type": "string"}}}
    assert coerced(document, {"n": "1.5", "i": "1.5", "s": True}) == {"n": 1.5, "i": "1.5", "s": "true"}


def test_what_only_the_deployment_will_tell_is_not_judged_before() -> None:
    open_values = {"EndpointConfigName": UNKNOWN, "EndpointName": f"a b {UNKNOWN}", "Tags": [UNKNOWN, UNKNOWN]}
    assert told("AWS::SageMaker::Endpoint", open_values) == []
    assert told("AWS::SageMaker::Endpoint", {**open_values, "Colour": UNKNOWN}) == [
        "#: extraneous key [Colour] is not permitted"
    ]


def test_a_type_without_a_schema_takes_any_property() -> None:
    assert told("Custom::Thing", {"Anything": 1}) == []


def wrong_value(node: dict[str, Any]) -> Any:
    """A value that this property cannot have, whatever its type."""
    types = node.get("type", ())
    return 1 if types in ("array", "object") else ["a", "list"]


@pytest.mark.parametrize("type_name", WITH_SCHEMA)
def test_each_type_refuses_unknown_missing_mistyped_and_read_only_properties(type_name: str) -> None:
    schema = schema_of(type_name)
    assert schema is not None
    assert "#: extraneous key [Nonsense] is not permitted" in told(type_name, {"Nonsense": 1})
    for name in schema.document.get("required", ()):
        assert f"#: required key [{name}] not found" in told(type_name, {})
    for path in schema.read_only:
        if len(path) == 1 and path not in schema.create_only:
            assert f"#: extraneous key [{path[0]}] is not permitted" in told(type_name, {path[0]: "x"})
    for name, node in writable(schema):
        if isinstance(node.get("type"), str) and node["type"] != "array":
            found = [line for line in told(type_name, {name: wrong_value(node)}) if line.startswith(f"#/{name}: ")]
            assert any("expected type" in line for line in found), (name, found)


def writable(schema: Schema) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, node in schema.document["properties"].items():
        if (name,) not in schema.read_only:
            yield name, node


@pytest.mark.parametrize("type_name", WITH_SCHEMA)
def test_each_type_replaces_what_its_schema_says(type_name: str) -> None:
    schema, kind = schema_of(type_name), TYPES[type_name]
    assert schema is not None
    declared = {path[0] for path in schema.create_only}
    ours = {name for name, _ in writable(schema) if kind.replaces(name)}
    known = ours | (declared if kind.known is None else declared & kind.known)
    assert ours - STRICTER.get(type_name, set()) == known & declared, type_name


STRICTER = {
    "AWS::Events::Rule": {"EventBusName"},  # a rule moves to no other bus
    "AWS::SageMaker::InferenceComponent": {"InferenceComponentName"},  # SageMaker renames nothing
}
"""Properties that we replace by although the schema does not list them."""


def test_few_patterns_are_not_readable_here() -> None:
    skipped = {name: len(skipped_patterns(name)) for name in WITH_SCHEMA}
    assert {name: count for name, count in skipped.items() if count} == {"AWS::Logs::LogGroup": 2}


def resources(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "::" in str(node.get("Type")):
            yield node
        for inner in node.values():
            yield from resources(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from resources(inner)


def as_in_the_template(node: Any) -> Any:
    """A snapshot's value: functions are open, and what it shows as a mapping is a list of pairs again."""
    if isinstance(node, list):
        return [as_in_the_template(item) for item in node]
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and next(iter(node)).startswith(("Fn::", "Ref")):
        return UNKNOWN
    values = {key: as_in_the_template(inner) for key, inner in node.items()}
    for name, key in (("Tags", "Key"), ("Dimensions", "Name")):
        if isinstance(values.get(name), dict):
            values[name] = [{key: inner, "Value": value} for inner, value in values[name].items()]
    return values


def test_every_snapshot_of_our_stacks_fits_the_schemas() -> None:
    seen = set()
    for path in sorted(SNAPSHOTS.rglob("*.json")):
        for resource in resources(json.loads(path.read_text().replace("<SHA256>", "0" * 64))):
            seen.add(resource["Type"])
            assert told(resource["Type"], as_in_the_template(resource.get("Properties", {}))) == [], path.name
    assert len(seen) > 15


def test_the_service_never_imports_cfn_lint() -> None:
    script = (
        "import sys, chem_endpoints.local.assembly\n"
        "from chem_endpoints.local.cfn_schema_check import violations\n"
        "assert violations('AWS::SNS::Topic', 'eu-west-1', {'Colour': 1})\n"
        "assert 'cfnlint' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])
