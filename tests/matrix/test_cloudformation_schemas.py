"""Every template that we synthesize fits CloudFormation's own schemas, as the local AWS checks it."""

import json
import re
from collections.abc import Callable
from typing import Any

from chem_endpoints.local.cfn_plan import present_resources, resolver_for, wanted_properties
from chem_endpoints.local.cfn_schema_check import violations
from chem_endpoints.local.cfn_stack import Desired, Stack
from chem_endpoints.local.cfn_template import UNKNOWN, Unmade
from legal_combinations import Combination

REGION = "eu-central-1"
Checked = Callable[[str], Any]


def refused(template: dict[str, Any]) -> list[str]:
    """What the schemas say against a template's resources, with every value that only a deployment gives open."""
    template = json.loads(re.sub(r"\{\{resolve:[^}]*\}\}", UNKNOWN, json.dumps(template)))
    stack = Stack(name="s", region=REGION, stack_id="arn:s")
    parameters = dict.fromkeys(template.get("Parameters", ()), "x")
    desired = Desired(
        body="", template=template, given_parameters={}, parameters=parameters, tags=[], capabilities=[], role_arn=None
    )
    resolver = resolver_for(stack, desired, {name: Unmade() for name in template["Resources"]}, {})
    return [
        f"{name}: {violation}"
        for name, resource in present_resources(resolver).items()
        for violation in violations(resource["Type"], REGION, wanted_properties(resolver, stack, desired, name))
    ]


def test_an_endpoint_fits(checked: Checked, combination: Combination) -> None:
    assert refused(checked(combination.image).template(combination.name)) == []


def test_the_shared_stacks_fit(checked: Checked, image_source: str) -> None:
    folder = checked(image_source).folder
    names = sorted(path.name.removeprefix("ChemEndpoints-").split(".")[0] for path in folder.glob("*.template.json"))
    assert names
    for name in names:
        assert refused(checked(image_source).template(name)) == [], name


def test_a_wrong_property_is_found() -> None:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"Colour": {"Ref": "Word"}}}
    template = {"Parameters": {"Word": {"Type": "String"}}, "Resources": {"Topic": topic}}
    assert refused(template) == ["Topic: #: extraneous key [Colour] is not permitted"]
