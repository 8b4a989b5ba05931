import json
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
    """One endpoint per way of serving, and per thing that an endpoint can have besides."""
    local = {"artifact": "models/logs.tar.gz", "sha256": digest}
    stored = {"artifact": "s3://models/logs/1.tar.gz", "sha256": digest}
    instance = {"instance_type": "ml.c7i.large"}
    office_hours = [
        {"name": "office-opens", "cron": "0 7 ? * MON-FRI *", "timezone": "Europe/Zurich", "min": 2, "max": 4},
        {"name": "office-closes", "cron": "0 19 ? * MON-FRI *", "timezone": "Europe/Zurich", "min": 2, "max": 2},
    ]

    def declared(name: str, kind: str, *, model: dict[str, Any] = stored, **serving: Any) -> dict[str, Any]:
        return {"owner": "admet-platform", "name": name, "model": model, "serving": {"kind": kind, **serving}}

    shared = {"tags": {"cost-centre": "chem-042"}}
    yield {
        **declared(
            "realtime-v1",
            "realtime",
            model=local,
            **instance,
            workers=2,
            scaling={"min": 2, "max": 6, "invocations_per_instance": 600},
            capture={"percent": 50, "retain_days": 30},
        ),
        **shared,
        "description": "Solubility, one answer per call.",
        "alarms": {"error_percent": 2, "p99_latency_ms": 2500, "disk_percent": 70},
        "callers": [f"arn:aws:iam::{ACCOUNT}:role/lab/chemists", f"arn:aws:iam::{ACCOUNT}:user/robot"],
    }
    yield {
        **declared(
            "async-v1",
            "async",
            model=local,
            instance_type="ml.c7i.xlarge",
            workers=4,
            scaling={"min": 0, "max": 8, "backlog_per_instance": 5, "idle_minutes": 10},
            retain={"input_days": 3, "output_days": 14},
        ),
        **shared,
        "callers": [f"arn:aws:iam::{ACCOUNT}:role/chemists", "arn:aws:iam::210987654321:role/elsewhere"],
    }
    yield declared("fixed-v1", "realtime", **instance)
    yield declared("awake-v1", "async", **instance, scaling={"min": 1, "max": 2, "scale_in": "gradual"})
    yield declared("serverless-v1", "serverless", memory_mb=3072, max_concurrency=20)
    yield declared(
        "provisioned-v1",
        "serverless",
        max_concurrency=20,
        provisioned_concurrency=2,
        scaling={"min": 1, "max": 5, "schedule": office_hours},
    )
    yield {
        **declared(
            "component-v1",
            "inference_component",
            model=local,
            instance_type="ml.c7i.xlarge",
            memory_mb=1024,
            instances={"max": 4},
            scaling={"min": 0, "max": 4, "concurrent_requests_per_copy": 4},
            deployment={"strategy": "rolling", "wait_minutes": 3},
        ),
        "callers": [f"arn:aws:iam::{ACCOUNT}:role/chemists"],
    }
    yield declared(
        "variants-v1",
        "realtime",
        **instance,
        scaling={"min": 2, "max": 4, "cpu_percent": 60, "schedule": office_hours},
        variants=[
            {
                "name": "challenger",
                "model": stored,
                "instance_type": "ml.c7i.xlarge",
                "weight": 0.1,
                "scaling": {"min": 2, "max": 2, "concurrent_requests": 4},
            }
        ],
        deployment={"strategy": "canary", "percent": 25},
    )
    yield declared(
        "shadow-v1",
        "realtime",
        **instance,
        shadow={"name": "candidate", "model": stored, "instance_type": "ml.c7i.large", "percent": 50},
    )
    yield declared(
        "guarded-async-v1",
        "async",
        model={**stored, "allow_pickle": True},
        **instance,
        scaling={"min": 0, "max": 4},
        deployment={"strategy": "linear", "percent": 25, "wait_minutes": 10},
    )
    yield declared("gpu-v1", "realtime", model={**stored, "image": "deep-gpu"}, instance_type="ml.g5.xlarge")
    yield declared(
        "monitored-v1",
        "realtime",
        **instance,
        capture={"percent": 20, "directions": ["input"]},
        monitor={"baseline": {"statistics": "s3://models/statistics.json", "constraints": "s3://models/limits.json"}},
        metrics={"every_seconds": 30},
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for ``endpoint`` holds for every declared one."""
    if "endpoint" in metafunc.fixturenames:
        metafunc.parametrize("endpoint", [each["name"] for each in declarations("0" * 64)])


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
    (root / "container" / "Dockerfile").write_text("FROM scratch AS base\n", encoding="utf-8")
    (root / ".dockerignore").write_bytes((Path(__file__).resolve().parents[2] / ".dockerignore").read_bytes())
    for lock in ("base", "deep", "deep-gpu"):
        (root / "requirements" / f"{lock}.lock").write_text("numpy", encoding="utf-8")
    stages = {
        "local": {
            "account": ACCOUNT,
            "region": "us-east-1",
            "log_retention_days": 7,
            "removal": "destroy",
            "images": "source",
            "components_reach_zero_instances": True,
        },
        "prod": {"account": "111122223333", "region": "eu-central-1", "components_reach_zero_instances": True},
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


@pytest.fixture(scope="session")
def template_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Template]:
    """Synthesizes one declaration that is not among those of the test repository.

    ``serving`` is all of it; ``context``, ``pins`` and further values of the stage are optional.
    """

    def make(
        serving: dict[str, Any],
        *,
        image: str = "base",
        context: dict[str, str] | None = None,
        pins: dict[str, str] | None = None,
        model: dict[str, str] | None = None,
        dockerfile: str = "FROM scratch",
        **stage: Any,
    ) -> Template:
        from aws_cdk import App

        from stacks.application import build_stacks

        root = tmp_path_factory.mktemp("one")
        for folder in ("endpoints", "container", "requirements"):
            (root / folder).mkdir()
        (root / "container" / "Dockerfile").write_text(dockerfile, encoding="utf-8")
        (root / ".dockerignore").write_bytes((Path(__file__).resolve().parents[2] / ".dockerignore").read_bytes())
        for lock in ("base", "deep", "deep-gpu"):
            (root / "requirements" / f"{lock}.lock").write_text("numpy", encoding="utf-8")
        place = {"account": ACCOUNT, "region": "us-east-1", "components_reach_zero_instances": True, "images": "source"}
        served = {"artifact": "s3://models/logs/1.tar.gz", "sha256": "a" * 64, "image": image, **(model or {})}
        declared = {"name": "one-v1", "owner": "admet-platform", "model": served, "serving": serving}
        (root / "stages.yaml").write_text(yaml.safe_dump({"local": {**place, **stage}}), encoding="utf-8")
        (root / "images.yaml").write_text(yaml.safe_dump(pins or {}), encoding="utf-8")
        (root / "endpoints" / "one-v1.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
        app = App(outdir=str(root / "out"), analytics_reporting=False, context={**SETTINGS, **(context or {})})
        build_stacks(app, root=root)
        app.synth()
        text = (root / "out" / "ChemEndpoints-one-v1.template.json").read_text(encoding="utf-8")
        template: Template = json.loads(text)
        return template

    return make


@pytest.fixture
def reviewed(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Snapshots as JSON, one file each; `readable` masks digests in what they hold."""
    return snapshot.use_extension(JSONSnapshotExtension)


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
