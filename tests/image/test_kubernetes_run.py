"""Promise: the Kubernetes example runs: a first step unpacks the model, the server answers from it, with no right but
those of the manifest, and ends when it is told to. Podman plays the manifest itself."""

import contextlib
import csv
import io
import json
import os
import subprocess
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from chem_endpoints.image.build import Built
from chem_endpoints.image.engine import Engine, EngineError, find_runner
from chem_endpoints.image.isolation import new_name
from chem_endpoints.wire.bundle import unpack, verify_archive, verify_folder

pytestmark = pytest.mark.image

FOLDER = Path(__file__).parents[2] / "examples" / "kubernetes"
BUNDLE = FOLDER.parent / "bundles" / "logs-v1.tar.gz"
WORKERS = 1
READY_SECONDS = 60
ASK = """
import sys, urllib.request
body = sys.stdin.buffer.read() or None
request = urllib.request.Request(sys.argv[1], data=body, headers={"Content-Type": "text/csv"})
with urllib.request.urlopen(request) as answer:
    sys.stdout.buffer.write(answer.read())
"""
PLACES = ("/", "/opt/ml", "/opt/ml/model", "/opt/program", "/tmp")
WRITE = 'for place in "$@"; do touch $place/probe 2>/dev/null && echo $place; done; true'
FACTS = """
import json, os
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
print(json.dumps({name: status[name] for name in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")} | {"uid": os.getuid()}))
"""

Resource = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Podman:
    """Podman as it plays manifests here."""

    engine: Engine
    environment: dict[str, str]

    def run(self, *words: str, stdin: bytes = b"") -> bytes:
        """The output of a subcommand, which succeeds."""
        done = subprocess.run(
            self.engine.command(*words), env=self.environment, input=stdin, capture_output=True, check=False
        )
        assert done.returncode == 0, f"podman {' '.join(words)}: {done.stderr.decode()}"
        return done.stdout

    def play(self, resources: list[Resource]) -> None:
        """Makes pods and volumes of a manifest, without a network."""
        self.run("play", "kube", "--network=none", "-", stdin=yaml.safe_dump_all(resources).encode())


@pytest.fixture(scope="module")
def podman(built_base: Built, tmp_path_factory: pytest.TempPathFactory) -> Podman:
    try:
        engine = find_runner("podman")
    except EngineError as error:
        pytest.skip(f"podman plays the manifest: {error}")
    image = built_base.reference
    if engine.run("image", "exists", image).returncode != 0:
        pytest.skip(
            f"{image} was built with {built_base.engine.name}, podman plays the manifest: CHEM_ENDPOINTS_ENGINE=podman"
        )
    settings = tmp_path_factory.mktemp("podman") / "containers.conf"
    limits = [flag.removeprefix("--ulimit=") for flag in engine.run_flags()]
    # A pod is held together by a container that does nothing; podman's own image for it takes a package more.
    settings.write_text(
        f'[containers]\ndefault_ulimits = {json.dumps(limits)}\n[engine]\ninfra_image = "{image}"\n'
        'infra_command = "/bin/sleep infinity"\n'
    )
    return Podman(engine=engine, environment={**os.environ, "CONTAINERS_CONF": str(settings)})


def read(file: str, run: str) -> list[Resource]:
    """A manifest as podman can play it, its names this run's own.

    Podman publishes every port of a container on the machine, which a pod without a network cannot do, and leaves the
    probes to systemd. What it does not know (Service, NetworkPolicy, autoscaler) it passes over.
    """
    resources: list[Resource] = list(yaml.safe_load_all((FOLDER / file).read_text(encoding="utf-8")))
    for resource in resources:
        resource["metadata"]["name"] = f"{run}-{resource['metadata']['name']}"
        spec = resource["spec"].get("template", resource)["spec"]
        for volume in spec.get("volumes", []):
            if claim := volume.get("persistentVolumeClaim"):
                claim["claimName"] = f"{run}-{claim['claimName']}"
        for container in spec.get("containers", []):
            for left_to_others in ("ports", "startupProbe", "readinessProbe", "livenessProbe"):
                container.pop(left_to_others, None)
    return resources


def server_of(deployment: Resource) -> Resource:
    """The container that serves."""
    found: Resource = deployment["spec"]["template"]["spec"]["containers"][0]
    return found


def upload(podman: Podman, container: str, bundle: Path) -> None:
    """What `kubectl cp` does: tar at both ends."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(bundle, arcname=bundle.name)
    podman.run("exec", "--interactive", container, "tar", "-xmf", "-", "-C", "/models", stdin=packed.getvalue())


@dataclass(frozen=True, kw_only=True)
class Served:
    """The server's container."""

    podman: Podman
    pod: str
    container: str

    def run(self, *command: str, stdin: bytes = b"") -> str:
        """A command inside the container."""
        return self.podman.run("exec", "--interactive", self.container, *command, stdin=stdin).decode()

    def ask(self, path: str, body: bytes = b"") -> str:
        """A request from inside: the pod has no network."""
        return self.run("python", "-c", ASK, f"http://127.0.0.1:8080{path}", stdin=body)


@pytest.fixture(scope="module")
def served(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    run = new_name()
    models, endpoint = read("models.yaml", run), read("logs-v1.yaml", run)
    # Fewer than the machine has, so that the number of workers says where it comes from.
    server_of(endpoint[0])["resources"]["limits"]["cpu"] = str(WORKERS)
    try:
        podman.play(models)
        upload(podman, f"{run}-model-upload-upload", BUNDLE)
        podman.play(endpoint)
        pod = f"{run}-logs-v1-pod-0"
        server = Served(podman=podman, pod=pod, container=f"{pod}-server")
        wait_until_ready(server)
        yield server
    finally:
        for pods in (f"{run}-logs-v1-pod-0", f"{run}-model-upload"):
            podman.engine.run("pod", "rm", "--force", "--time=0", pods)
        podman.engine.run("volume", "rm", "--force", f"{run}-models")


def wait_until_ready(server: Served) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(AssertionError):
            server.ask("/ping")
            return
        time.sleep(0.2)
    raise AssertionError(f"the server was not ready:\n{server.podman.run('logs', server.container).decode()}")


def test_the_model_that_the_first_step_unpacked_answers(served: Served) -> None:
    answer = list(csv.DictReader(io.StringIO(served.ask("/invocations", b"smiles\nCCO\nnot a molecule\n"))))
    assert [row["smiles"] for row in answer] == ["CCO", "not a molecule"]
    assert -1 < float(answer[0]["prediction"]) < 1, "ethanol mixes with water"
    assert answer[1]["prediction_error"].startswith("invalid_smiles")


def test_there_are_as_many_workers_as_the_limit_allows_and_the_name_is_the_declared_one(served: Served) -> None:
    health = json.loads(served.ask("/health"))
    assert (health["endpoint"], len(health["workers"])) == ("logs-v1", WORKERS)


def test_only_tmp_is_writable(served: Served) -> None:
    assert served.run("sh", "-c", WRITE, "sh", *PLACES).split() == ["/tmp"]


def test_the_rights_are_those_of_the_manifest(served: Served) -> None:
    facts = json.loads(served.run("python", "-c", FACTS))
    assert (facts["uid"], facts["NoNewPrivs"], facts["Seccomp"]) == (10001, "1", "2")
    assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0


def test_the_models_are_not_in_the_servers_container(served: Served) -> None:
    assert served.run("sh", "-c", "ls -d /models 2>/dev/null; true") == ""


def test_at_last_it_ends_when_it_is_told_to(served: Served) -> None:
    served.podman.run("pod", "stop", served.pod)
    ended = json.loads(served.podman.run("inspect", served.container))[0]["State"]
    assert (ended["Status"], ended["ExitCode"]) == ("exited", 0)


def test_the_first_step_unpacks_into_a_folder_that_it_may_write_but_does_not_own(
    podman: Podman, tmp_path: Path
) -> None:
    """Which an emptyDir of Kubernetes is, and ``tar -czf model.tar.gz .`` holds an entry for the folder itself."""
    (deployment, *_) = read("logs-v1.yaml", new_name())
    (step,) = deployment["spec"]["template"]["spec"]["initContainers"]
    places = {name: tmp_path / name for name in ("unpacked", "models", "ml")}
    for place in places.values():
        place.mkdir()
    places["ml"].chmod(0o777)
    unpack(BUNDLE, places["unpacked"])
    with tarfile.open(places["models"] / BUNDLE.name, mode="w:gz") as archive:
        archive.add(places["unpacked"], arcname=".")
    entrypoint, *words = [*step["command"], *step["args"]]
    rights = ["--read-only", "--user=10001:10001", "--cap-drop=all", "--network=none"]
    mounts = [f"--volume={places['models']}:/models:ro", f"--volume={places['ml']}:/opt/ml"]
    flags = ["--rm", *podman.engine.run_flags(), *rights, *mounts, f"--entrypoint={entrypoint}"]
    podman.run("run", *flags, step["image"], *words)
    unpacked = verify_folder(places["ml"] / "model")
    assert unpacked.digest == verify_archive(BUNDLE).digest
