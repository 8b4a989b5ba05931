"""CDK runs on the Node.js that the locks install."""

import os
from pathlib import Path

import pytest

from constructs_lib import node_runtime
from constructs_lib.node_runtime import NodeMissingError, use_bundled_node


def test_the_bundled_node_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JSII_NODE")
    use_bundled_node()
    assert Path(os.environ["JSII_NODE"]).name == "node"
    assert Path(os.environ["JSII_NODE"]).is_file()


def test_a_chosen_node_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JSII_NODE", "mine")
    use_bundled_node()
    assert os.environ["JSII_NODE"] == "mine"


def test_a_missing_node_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JSII_NODE")
    monkeypatch.setattr(node_runtime, "find_spec", lambda name: None)
    with pytest.raises(NodeMissingError, match=r"Run \./setup\.sh"):
        use_bundled_node()
