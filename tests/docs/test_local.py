"""Promise: the page on the local AWS lists what there is."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "local.md"
TEXT = PAGE.read_text(encoding="utf-8")
needs_moto = pytest.mark.skipif(find_spec("moto") is None, reason="moto is not installed: pip install -e '.[local]'")


@needs_moto
def test_the_types_of_cloudformation_are_those_that_it_makes() -> None:
    from chem_endpoints.local.cfn_types import TYPES

    listed = TEXT[TEXT.index("CloudFormation types that it makes") :]
    assert re.findall(r"`((?:AWS|Custom)::[^`]+)`", listed) == sorted(TYPES)


def test_the_members_of_the_fixture_are_those_that_it_has() -> None:
    from chem_endpoints.local.running import RunningLocalAws

    table = TEXT[TEXT.index("| member |") : TEXT.index("The fixture `local_aws_options`")]
    told = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)", row)}
    assert told == {name for name in vars(RunningLocalAws) if not name.startswith("_")}


def test_the_commands_of_local_are_all_there() -> None:
    from chem_endpoints.cli.local_commands import local

    for name in local.commands:
        assert re.search(rf"`?local {name}\b", TEXT), name
