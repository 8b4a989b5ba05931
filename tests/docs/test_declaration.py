"""Promise: the examples of docs/declaration.md are declarations that pass, one of every kind."""

import re
from pathlib import Path

import pytest
import yaml

from chem_endpoints.spec.parsing import parse_endpoint
from chem_endpoints.spec.support_matrix import SUPPORT

PAGE = Path(__file__).resolve().parents[2] / "docs" / "declaration.md"
EXAMPLES = re.findall(r"^```yaml\n(name:.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: yaml.safe_load(text)["name"])
def test_every_example_is_accepted(example: str) -> None:
    assert parse_endpoint(yaml.safe_load(example)).owner


def test_there_is_an_example_of_every_kind() -> None:
    assert {parse_endpoint(yaml.safe_load(each)).serving.kind for each in EXAMPLES} == set(SUPPORT)
