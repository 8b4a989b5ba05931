"""Promise: a graph with mistakes is refused before anything is asked, and every mistake is told at once."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chem_endpoints.client.meta.definition import HOW, How, read_definition
from chem_endpoints.client.meta.endpoint import MetaEndpoint
from chem_endpoints.errors import InvalidInputError

GOOD: dict[str, Any] = {
    "name": "logs",
    "nodes": {
        "features": {"endpoint": "smiles-to-2d-v1"},
        "trees": {"endpoint": "logs-v1", "inputs": ["features"], "on_failure": "empty"},
        "network": {"endpoint": "logs-dmpnn-v1", "on_failure": "skip"},
        "both": {"combine": "weighted", "inputs": ["trees", "network"], "weights": {"trees": 2, "network": 1}},
    },
}


def mistakes(document: dict[str, Any]) -> str:
    with pytest.raises(InvalidInputError) as told:
        read_definition(document)
    return str(told.value)


def test_a_definition_comes_back_from_json_and_yaml(tmp_path: Path) -> None:
    meta = MetaEndpoint.from_dict(GOOD)
    again = MetaEndpoint.from_dict(json.loads(json.dumps(meta.to_dict())))
    assert again.definition == meta.definition
    path = tmp_path / "meta.yaml"
    path.write_text(yaml.safe_dump(meta.to_dict()))
    assert MetaEndpoint.from_file(path).definition == meta.definition
    assert MetaEndpoint(meta.definition.nodes, name="logs").definition == meta.definition
    assert meta.definition.last == "both"


def test_the_representation_tells_every_node_in_order() -> None:
    told = repr(MetaEndpoint.from_dict(GOOD)).splitlines()
    assert [line.split(":")[0].strip() for line in told[1:]] == ["features", "network", "trees", "both", "output"]


def test_every_mistake_is_told_at_once() -> None:
    told = mistakes(
        {
            "nodes": {
                "a": {"endpoint": "x", "inputs": ["nobody", "nobody"]},
                "b": {"endpoint": "y", "inputs": ["c"]},
                "c": {"endpoint": "z", "on_failure": "skip"},
                "d": {"combine": "weighted", "inputs": ["a", "b"], "weights": {"a": 1, "q": 2}},
                "e": {"combine": "mean", "inputs": ["a", "b"], "weights": {"a": 1}},
            }
        }
    )
    for expected in (
        "'a' reads 'nobody', which is no node",
        "'a' reads 'nobody' twice",
        "'b' needs the columns of 'c', which may be skipped",
        "'d' has no weight for 'b'",
        "'d' has a weight for 'q', which it does not read",
        "'e' has weights, but combine: mean takes none",
        "the nodes 'd', 'e' are read by none",
    ):
        assert expected in told


@pytest.mark.parametrize(
    "nodes",
    [
        {"a": {"endpoint": "x", "inputs": ["a"]}},
        {"a": {"endpoint": "x", "inputs": ["b"]}, "b": {"combine": "concat", "inputs": ["a"]}},
        {
            "a": {"endpoint": "x"},
            "b": {"combine": "concat", "inputs": ["a", "d"]},
            "c": {"endpoint": "y", "inputs": ["b"]},
            "d": {"endpoint": "z", "inputs": ["c"]},
        },
    ],
)
def test_a_circle_is_named(nodes: dict[str, Any]) -> None:
    told = mistakes({"nodes": nodes})
    assert "in a circle" in told
    named = told.split("the nodes ")[1].split(" read each other")[0].split(" → ")
    assert named[0] == named[-1]
    for reader, read in zip(named[1:], named, strict=False):
        assert read in nodes[reader].get("inputs", []) or reader in nodes[read].get("inputs", [])


def test_a_node_without_part_in_the_output_is_told() -> None:
    document = {"nodes": {**GOOD["nodes"], "stray": {"endpoint": "x"}}, "output": "both"}
    assert "'stray' has no part in the output 'both'" in mistakes(document)
    assert "the output 'nobody' is no node" in mistakes({**GOOD, "output": "nobody"})


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"endpoint": "x", "combine": "mean"}, "not both"),
        ({"endpoint": "x", "on_failure": "shrug"}, "'a'"),
        ({"combine": "median", "inputs": ["b"]}, "'a'"),
        ({"endpoint": "x", "colour": "red"}, "'a'"),
        ({}, "'a'"),
        ("x", "'a'"),
    ],
)
def test_a_malformed_node_is_named(node: Any, expected: str) -> None:
    assert expected in mistakes({"nodes": {"a": node, "b": {"endpoint": "y"}}})


@pytest.mark.parametrize("document", [{}, {"nodes": {}}, {"nodes": []}, {"nodes": {"A b": {"endpoint": "x"}}}])
def test_a_malformed_document_is_refused(document: dict[str, Any]) -> None:
    assert "cannot be built" in mistakes(document)


def test_a_file_that_is_no_definition_is_refused(tmp_path: Path) -> None:
    for text in ("[1, 2", "just text", "\x00"):
        (tmp_path / "meta.yaml").write_text(text)
        with pytest.raises(InvalidInputError, match=r"meta\.yaml"):
            MetaEndpoint.from_file(tmp_path / "meta.yaml")
    with pytest.raises(InvalidInputError, match="cannot be read"):
        MetaEndpoint.from_file(tmp_path / "absent.yaml")


def test_the_page_names_every_way_of_combining(root: Path) -> None:
    text = (root / "docs/meta-endpoints.md").read_text()
    assert set(HOW) == set(How.__args__)  # type: ignore[attr-defined]
    assert not [how for how, what in HOW.items() if f"| `{how}` | {what} |" not in text]


def test_the_definitions_of_the_page_are_good(root: Path) -> None:
    text = (root / "docs/meta-endpoints.md").read_text()
    written = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert [read_definition(yaml.safe_load(block)).last for block in written] == ["logs"]
    (block,) = re.findall(r"^```python aws\n(.*?)^out = ", text, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"MetaEndpoint": MetaEndpoint}
    exec(block.partition("\n")[2], names)
    assert names["logs"].definition.last == "logs"
