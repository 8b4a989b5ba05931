"""Promise: docs/declaration.md says what the support matrix says, and its examples are declarations that pass."""

import re
from pathlib import Path

import pytest
import yaml

from chem_endpoints.spec.parsing import parse_endpoint
from chem_endpoints.spec.support_matrix import SUPPORT, Cell
from support_table import support_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "declaration.md"
EXAMPLES = re.findall(r"^```yaml\n(name:.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_table_is_the_support_matrix() -> None:
    assert support_table() in PAGE.read_text(encoding="utf-8"), "python tests/support/support_table.py prints it"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: yaml.safe_load(text)["name"])
def test_every_example_is_accepted(example: str) -> None:
    assert parse_endpoint(yaml.safe_load(example)).owner


def test_there_is_an_example_of_every_kind() -> None:
    assert {parse_endpoint(yaml.safe_load(each)).serving.kind for each in EXAMPLES} == set(SUPPORT)


def test_every_alternative_stands_below_the_table() -> None:
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    for support in SUPPORT.values():
        for cell in vars(support).values():
            assert isinstance(cell, Cell)
            assert cell.instead in text
