import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from constructs_lib.node_runtime import use_bundled_node
from legal_combinations import IMAGE_SOURCES, Combination, legal_combinations, pairwise_sample

# The tests import aws_cdk, which starts Node.js.
use_bundled_node()

REPOSITORY = Path(__file__).resolve().parents[2]
ACCOUNT, PINNED_ACCOUNT, REGION = "111122223333", "444455556666", "eu-central-1"
PIN = f"{PINNED_ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/chem-endpoints@sha256:{'b' * 64}"
_EXISTING = {"subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"], "security_groups": ["sg-01234567"]}
_MADE = {"cidr": "10.20.0.0/16", "zones": 2}
STAGES = {
    "asset": {"images": "asset", "vpc": _EXISTING},
    "codebuild": {"images": "codebuild", "vpc": _MADE},
    "pin": {"images": "asset", "vpc": _EXISTING},
}
"""One stage per image source; both ways to have a VPC."""


@dataclass(frozen=True)
class Checked:
    """The app of one image source."""

    folder: Path
    stacks: dict[str, Any]
    """By endpoint, for checks that walk constructs."""

    def template(self, stack: str) -> dict[str, Any]:
        """Template of ``ChemEndpoints-<stack>``."""
        text = (self.folder / f"ChemEndpoints-{stack}.template.json").read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(text)
        return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """All legal combinations, or those that cover every legal pair; each image source may run on a core of its own."""
    combinations = _chosen(full=metafunc.config.getoption("full_matrix"))
    if "combination" in metafunc.fixturenames:
        marked = [
            pytest.param(each, id=each.name, marks=pytest.mark.xdist_group(f"matrix-{each.image}"))
            for each in combinations
        ]
        metafunc.parametrize("combination", marked)
    if "image_source" in metafunc.fixturenames:
        sources = [
            pytest.param(each, id=each, marks=pytest.mark.xdist_group(f"matrix-{each}")) for each in IMAGE_SOURCES
        ]
        metafunc.parametrize("image_source", sources)


@cache
def _chosen(*, full: bool) -> tuple[Combination, ...]:
    legal = legal_combinations()
    return legal if full else pairwise_sample(legal)


@pytest.fixture(scope="session")
def build(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Callable[[str], tuple[Any, dict[str, Any]]]:
    """Makes the app of an image source, not yet synthesized, and its endpoints' stacks by endpoint."""

    @cache
    def repository(source: str) -> Path:
        root = tmp_path_factory.mktemp(f"repository-{source}")
        for folder in ("endpoints", "container", "requirements"):
            (root / folder).mkdir()
        (root / "container" / "Dockerfile").write_text("FROM scratch", encoding="utf-8")
        (root / "requirements" / "base.lock").write_text("numpy", encoding="utf-8")
        (root / ".dockerignore").write_bytes((REPOSITORY / ".dockerignore").read_bytes())
        shared = {"account": ACCOUNT, "region": REGION, "components_reach_zero_instances": True}
        stages = {name: {**shared, **own} for name, own in STAGES.items()}
        (root / "stages.yaml").write_text(yaml.safe_dump(stages), encoding="utf-8")
        chosen = [each for each in _chosen(full=pytestconfig.getoption("full_matrix")) if each.image == source]
        for each in chosen:
            (root / "endpoints" / f"{each.name}.yaml").write_text(yaml.safe_dump(each.declaration()), encoding="utf-8")
        pins = {each.name: PIN for each in chosen if source == "pin"}
        (root / "images.yaml").write_text(yaml.safe_dump(pins), encoding="utf-8")
        return root

    def make(source: str) -> tuple[Any, dict[str, Any]]:
        from aws_cdk import App

        from stacks.application import build_stacks

        settings = json.loads((REPOSITORY / "cdk.json").read_text(encoding="utf-8"))["context"]
        app = App(
            outdir=str(tmp_path_factory.mktemp(f"assembly-{source}")),
            analytics_reporting=False,
            context={**settings, "stage": source},
        )
        stacks = build_stacks(app, root=repository(source))
        return app, {each.names.endpoint: each for each in stacks.endpoints}

    return make


@pytest.fixture(scope="session")
def checked(build: Callable[[str], tuple[Any, dict[str, Any]]]) -> Callable[[str], Checked]:
    """The synthesized app of an image source."""

    @cache
    def of(source: str) -> Checked:
        app, stacks = build(source)
        return Checked(folder=Path(app.synth().directory), stacks=stacks)

    return of
