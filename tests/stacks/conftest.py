import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from chem_endpoints.wire.bundle import write_bundle
from constructs_lib.node_runtime import use_bundled_node
from manifests import small_manifest

# The tests import aws_cdk, which starts Node.js.
use_bundled_node()

ACCOUNT = "123456789012"
SETTINGS: dict[str, Any] = json.loads((Path(__file__).resolve().parents[2] / "cdk.json").read_text())["context"]
"""What the CDK CLI tells the app; among it, that the findings of CDK's own rules are errors."""

Template = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """A synthesized app."""

    folder: Path
    bundle: Path
    digest: str

    def template(self, stack: str) -> Template:
        """Template of ``ChemEndpoints-<stack>``."""
        return self._json(stack, "template")

    def asset_keys(self, stack: str) -> list[str]:
        """Keys of the files that the CDK CLI uploads for the stack."""
        files = self._json(stack, "assets")["files"].values()
        return [target["objectKey"] for file in files for target in file["destinations"].values()]

    def _json(self, stack: str, kind: str) -> dict[str, Any]:
        text = (self.folder / f"ChemEndpoints-{stack}.{kind}.json").read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(text)
        return found


def declarations(digest: str) -> Iterable[dict[str, Any]]:
    """One endpoint per way of serving."""
    local = {"artifact": "models/logs.tar.gz", "sha256": digest}
    stored = {"artifact": "s3://models/logs/1.tar.gz", "sha256": digest}
    shared = {"owner": "admet-platform", "tags": {"cost-centre": "chem-042"}}
    yield {
        **shared,
        "name": "realtime-v1",
        "description": "Solubility, one answer per call.",
        "model": local,
        "serving": {
            "kind": "realtime",
            "instance_type": "ml.c7i.large",
            "workers": 2,
            "scaling": {"min": 2, "max": 6, "invocations_per_instance": 600},
            "capture": {"percent": 50, "retain_days": 30},
        },
        "alarms": {"error_percent": 2, "p99_latency_ms": 2500, "disk_percent": 70},
        "callers": [f"arn:aws:iam::{ACCOUNT}:role/lab/chemists", f"arn:aws:iam::{ACCOUNT}:user/robot"],
    }
    yield {
        **shared,
        "name": "async-v1",
        "model": local,
        "serving": {
            "kind": "async",
            "instance_type": "ml.c7i.xlarge",
            "workers": 4,
            "scaling": {"min": 0, "max": 8, "backlog_per_instance": 5, "idle_minutes": 10},
            "retain": {"input_days": 3, "output_days": 14},
        },
        "callers": [f"arn:aws:iam::{ACCOUNT}:role/chemists", "arn:aws:iam::210987654321:role/elsewhere"],
    }
    yield {
        "owner": "admet-platform",
        "name": "fixed-v1",
        "model": stored,
        "serving": {"kind": "realtime", "instance_type": "ml.c7i.large"},
    }
    yield {
        "owner": "admet-platform",
        "name": "awake-v1",
        "model": stored,
        "serving": {"kind": "async", "instance_type": "ml.c7i.large", "scaling": {"min": 1, "max": 2}},
    }


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A folder with what synthesis reads, and nothing else."""

    root: Path
    bundle: Path
    digest: str


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Declarations of every way of serving, a bundle, stages, and one source file of an image."""
    root = tmp_path_factory.mktemp("repository")
    for folder in ("endpoints", "container", "requirements"):
        (root / folder).mkdir()
    (root / "container" / "serve.py").write_text("serve()", encoding="utf-8")
    (root / "requirements" / "base.lock").write_text("numpy", encoding="utf-8")
    stages = {
        "local": {"account": ACCOUNT, "region": "us-east-1", "log_retention_days": 7, "removal": "destroy"},
        "prod": {"account": "111122223333", "region": "eu-central-1"},
    }
    (root / "stages.yaml").write_text(yaml.safe_dump(stages), encoding="utf-8")
    files = {"model.ubj": b"weights"}
    bundle = root / "models" / "logs.tar.gz"
    digest = write_bundle(bundle, small_manifest(files), files)
    for declared in declarations(digest):
        (root / "endpoints" / f"{declared['name']}.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    return Repository(root=root, bundle=bundle, digest=digest)


@pytest.fixture(scope="session")
def synthesize(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Assembly]:
    """Makes the cloud assembly of the test repository, with a context."""

    def make(**context: str) -> Assembly:
        from aws_cdk import App

        from stacks.application import build_stacks

        folder = tmp_path_factory.mktemp("assembly")
        app = App(outdir=str(folder), analytics_reporting=False, context={**SETTINGS, **context})
        build_stacks(app, root=repository.root)
        app.synth()
        return Assembly(folder=folder, bundle=repository.bundle, digest=repository.digest)

    return make


@pytest.fixture(scope="session")
def assembly(synthesize: Callable[..., Assembly]) -> Assembly:
    """The test repository, stage local."""
    return synthesize()


@pytest.fixture
def reviewed(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """JSON snapshots in which digests are masked, so that only a change of the infrastructure changes them."""

    def mask(data: Any, path: Any) -> Any:
        return re.sub(r"[0-9a-f]{64}", "<SHA256>", data) if isinstance(data, str) else data

    return snapshot.use_extension(JSONSnapshotExtension).with_defaults(matcher=lambda *, data, path: mask(data, path))


@pytest.fixture(scope="session")
def resources_of() -> Callable[..., dict[str, Any]]:
    """The resources of a template whose type starts with one of some prefixes, by logical id, without CDK's paths."""

    def choose(template: Template, *types: str) -> dict[str, Any]:
        return {
            name: {key: value for key, value in resource.items() if key != "Metadata"}
            for name, resource in template["Resources"].items()
            if resource["Type"].startswith(types)
        }

    return choose
