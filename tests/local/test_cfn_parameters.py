"""Promise: parameters and functions see booleans as CloudFormation does, and a value that is not allowed is refused."""

from typing import Any

import pytest

from chem_endpoints.local.cfn_parameters import given_parameters
from chem_endpoints.local.cfn_stack import CloudFormationError
from chem_endpoints.local.cfn_template import Resolver

FLAG = {"Type": "String", "Default": True, "AllowedValues": [True, False]}


def given(declared: dict[str, Any], value: str | None = None) -> str:
    request = [] if value is None else [{"ParameterKey": "P", "ParameterValue": value}]
    return given_parameters({"Parameters": {"P": declared}}, request, {})["P"]


@pytest.mark.parametrize("value", [None, "true"])
def test_a_boolean_is_the_same_text_as_default_as_given_and_in_functions(value: str | None) -> None:
    resolver = Resolver(template={}, parameters={"P": given(FLAG, value)}, resources={})
    assert resolver.resolve({"Fn::Equals": [{"Ref": "P"}, True]}) is True
    assert resolver.resolve({"Fn::Equals": [{"Ref": "P"}, "true"]}) is True
    assert resolver.resolve({"Fn::Equals": [{"Ref": "P"}, False]}) is False
    assert resolver.resolve({"Fn::Sub": "${P}"}) == "true"
    assert resolver.resolve({"Fn::Sub": ["${X}", {"X": True}]}) == "true"
    assert resolver.resolve({"Fn::Join": ["-", [True, False, 1]]}) == "true-false-1"
    assert resolver.resolve({"Fn::Base64": False}) == "ZmFsc2U="


@pytest.mark.parametrize(
    ("declared", "value", "told"),
    [
        (FLAG, "banana", "must be one of AllowedValues: [true, false]"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "a1", "must match pattern [a-z]+"),
        ({"Type": "String", "AllowedPattern": "a", "ConstraintDescription": "an a"}, "b", "constraint: an a"),
        ({"Type": "String", "MinLength": 2}, "a", "must be at least 2 characters"),
        ({"Type": "String", "MaxLength": "2"}, "abc", "must be at most 2 characters"),
        ({"Type": "Number", "MinValue": 2}, "1", "must be at least 2"),
        ({"Type": "Number", "MaxValue": 2}, "2.5", "must be at most 2"),
        ({"Type": "Number"}, "two", "must be a number"),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]}, "a, c", "must be one of AllowedValues: [a, b]"),
        ({"Type": "List<Number>", "MaxValue": 2}, "1,3", "must be at most 2"),
        ({"Type": "String", "Default": "z", "AllowedValues": ["a"]}, None, "must be one of AllowedValues: [a]"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused(declared: dict[str, Any], value: str | None, told: str) -> None:
    with pytest.raises(CloudFormationError) as refused:
        given(declared, value)
    assert str(refused.value).startswith("Parameter 'P' ")
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (FLAG, "false"),
        ({"Type": "String", "AllowedPattern": "[a-z]*", "MinLength": 0, "MaxLength": 3}, ""),
        ({"Type": "Number", "MinValue": -1, "MaxValue": 1}, "-0.5"),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]}, "b, a"),
        ({"Type": "AWS::SSM::Parameter::Value<String>", "AllowedValues": ["a"]}, "/name/of/it"),
    ],
)
def test_a_value_that_is_allowed_is_taken(declared: dict[str, Any], value: str) -> None:
    assert given(declared, value) == value
