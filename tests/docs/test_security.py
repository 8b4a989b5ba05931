"""Promise: docs/security.md names every rule of ours and every acknowledged finding, in the words of the code."""

import re
from pathlib import Path

import pytest

from constructs_lib.node_runtime import use_bundled_node

# The tables of the code import aws_cdk, which starts Node.js.
use_bundled_node()


@pytest.fixture
def page(root: Path) -> str:
    return (root / "docs/security.md").read_text(encoding="utf-8")


def test_the_table_of_rules_is_the_codes(page: str) -> None:
    from constructs_lib.review import RULES

    written = re.findall(r"^\| `ChemEndpoints-.*\|$", page, re.MULTILINE)
    assert written == [f"| `{rule.id}` | {rule.title} | {rule.reason} |" for rule in RULES]


def test_the_table_of_acknowledgements_is_the_codes(page: str) -> None:
    from constructs_lib.acknowledgements import ACKNOWLEDGEMENTS

    written = page.partition("| why it stays |")[2].strip().splitlines()[1:]
    assert len(written) == len(ACKNOWLEDGEMENTS)
    for line, row in zip(written, ACKNOWLEDGEMENTS, strict=True):
        assert line.endswith(f"| {row.reason} |")
        assert row.type.CFN_RESOURCE_TYPE_NAME in line
        assert all(f"`{rule.rpartition('-')[2]}`" in line for rule in row.rules)


def test_every_rule_that_an_acknowledgement_or_page_names_exists(page: str) -> None:
    from constructs_lib.review import RULES

    assert set(re.findall(r"ChemEndpoints-\w+", page)) == {rule.id for rule in RULES}
