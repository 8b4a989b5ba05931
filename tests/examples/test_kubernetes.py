"""Promise: the Kubernetes example is what the API accepts, agrees with our code, and asks for no right that it does not
need. `tests/image/test_kubernetes_run.py` runs it."""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from kubernetes_validate.utils import all_versions

from chem_endpoints.image.engine import local_name
from chem_endpoints.wire import environment
from chem_endpoints.wire.bundle import verify_archive
from constructs_lib.node_runtime import use_bundled_node
from container.server.serving import DRAIN_SECONDS
from container.server.settings import Settings

Resource = dict[str, Any]

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "kubernetes"
OLDEST = (1, 33)
"""The oldest version that the README promises."""
SERVER = Settings()
CLOSING_SECONDS = 2
"""What docs/server.md allows for the exit, after the drain."""
MEBIBYTES = {"Mi": 1, "Gi": 1024}


def versions() -> list[str]:
    """Every version from the oldest on whose schema the validator brings."""
    found = {tuple(int(part) for part in version.split(".")[:2]) for version in all_versions()}
    return [f"{major}.{minor}" for major, minor in sorted(found) if (major, minor) >= OLDEST]


def resources(file: str) -> list[Resource]:
    return list(yaml.safe_load_all((FOLDER / file).read_text(encoding="utf-8")))


ENDPOINT = {each["kind"]: each for each in resources("logs-v1.yaml")}
MODELS = {each["kind"]: each for each in resources("models.yaml")}
DEPLOYMENT = ENDPOINT["Deployment"]
POD = DEPLOYMENT["spec"]["template"]["spec"]
(UNPACK,) = POD["initContainers"]
(SERVING,) = POD["containers"]
PODS = {"endpoint": POD, "upload": MODELS["Pod"]["spec"]}


def mounts(container: Resource) -> dict[str, Resource]:
    """The mounts of a container by their path."""
    return {mount["mountPath"]: mount for mount in container["volumeMounts"]}


def volume(name: str) -> Resource:
    return next(each for each in POD["volumes"] if each["name"] == name)


def megabytes(quantity: str) -> float:
    """A Kubernetes quantity in 10^6 bytes."""
    return int(quantity[:-2]) * MEBIBYTES[quantity[-2:]] * 2**20 / 1e6


# What the API accepts


@pytest.mark.parametrize("version", versions())
@pytest.mark.parametrize("resource", [*ENDPOINT.values(), *MODELS.values()], ids=[*ENDPOINT, *MODELS])
def test_the_api_of_every_supported_version_accepts_it(resource: Resource, version: str) -> None:
    assert kubernetes_validate.validate(resource, version, strict=True) == version


def test_several_versions_are_checked() -> None:
    assert len(versions()) >= 3


def _misspell_a_probe(deployment: Resource) -> None:
    server = deployment["spec"]["template"]["spec"]["containers"][0]
    server["readinesProbe"] = server.pop("readinessProbe")


def _give_a_text_for_a_number(deployment: Resource) -> None:
    deployment["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] = "8080"


def _leave_out_the_selector(deployment: Resource) -> None:
    del deployment["spec"]["selector"]


def _move_a_right_to_the_wrong_place(deployment: Resource) -> None:
    deployment["spec"]["template"]["spec"]["securityContext"]["readOnlyRootFilesystem"] = True


BREAKS = (_misspell_a_probe, _give_a_text_for_a_number, _leave_out_the_selector, _move_a_right_to_the_wrong_place)


@pytest.mark.parametrize("break_it", BREAKS, ids=[each.__name__.strip("_") for each in BREAKS])
def test_the_validator_notices_what_is_broken(break_it: Callable[[Resource], None]) -> None:
    broken = copy.deepcopy(DEPLOYMENT)
    break_it(broken)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, versions()[-1], strict=True)


# What agrees with our code


def test_the_image_serves_and_unpacks_and_no_other_image_is_pulled() -> None:
    images = {each["image"] for pod in PODS.values() for each in [*pod.get("initContainers", []), *pod["containers"]]}
    assert images == {local_name("base")}, "what `make image` builds"
    assert "command" not in SERVING, "the image's entrypoint serves"
    dockerfile = (ROOT / "container" / "Dockerfile").read_text(encoding="utf-8")
    assert f'CMD ["{SERVING["args"][0]}"]' in dockerfile


def test_the_user_is_the_images() -> None:
    users = set(re.findall(r"^USER (\d+):(\d+)$", (ROOT / "container" / "Dockerfile").read_text(), re.MULTILINE))
    for pod in PODS.values():
        rights = pod["securityContext"]
        assert users == {(str(rights["runAsUser"]), str(rights["runAsGroup"]))}


def test_the_model_lies_where_the_server_reads_it_and_only_the_first_step_may_write_there() -> None:
    place = str(SERVER.model_dir.parent)
    assert mounts(SERVING)[place] == {**mounts(UNPACK)[place], "readOnly": True}
    assert UNPACK["args"][0].endswith(f" -C {SERVER.model_dir}")
    assert "emptyDir" in volume(mounts(SERVING)[place]["name"])


def test_the_models_are_only_read_and_outlive_the_endpoint() -> None:
    claim = MODELS["PersistentVolumeClaim"]["metadata"]["name"]
    assert volume("models")["persistentVolumeClaim"] == {"claimName": claim, "readOnly": True}
    assert mounts(UNPACK)["/models"]["readOnly"]
    assert "PersistentVolumeClaim" not in ENDPOINT


def test_the_declared_model_is_the_committed_one() -> None:
    declared = {each["name"]: each.get("value") for each in SERVING["env"]}
    bundle = ROOT / "examples" / "bundles" / "logs-v1.tar.gz"
    assert declared[environment.MODEL_SHA256] == verify_archive(bundle).digest
    assert f" -xzf /models/{bundle.name} " in UNPACK["args"][0]


def test_every_variable_is_one_that_the_server_reads() -> None:
    read = {value for name, value in vars(environment).items() if name.isupper()}
    assert {each["name"] for each in SERVING["env"]} <= read


def test_there_are_as_many_workers_as_processors_that_the_pod_may_use() -> None:
    (workers,) = [each for each in SERVING["env"] if each["name"] == environment.WORKERS]
    assert workers["valueFrom"]["resourceFieldRef"] == {"containerName": SERVING["name"], "resource": "limits.cpu"}
    assert SERVING["resources"]["limits"] == SERVING["resources"]["requests"]


def test_requests_that_wait_fit_into_tmp() -> None:
    limit = volume(mounts(SERVING)["/tmp"]["name"])["emptyDir"]["sizeLimit"]
    assert megabytes(limit) > SERVER.max_waiting * SERVER.max_body_bytes / 1e6


def test_every_probe_asks_the_port_that_the_server_listens_on() -> None:
    (port,) = SERVING["ports"]
    assert port["containerPort"] == SERVER.port
    asked = [SERVING[f"{probe}Probe"]["httpGet"] for probe in ("startup", "readiness", "liveness")]
    assert asked == [{"path": "/ping", "port": port["name"]}] * 3


def test_the_start_may_take_as_long_as_on_sagemaker() -> None:
    use_bundled_node()
    from constructs_lib.production_variant import STARTUP_SECONDS

    assert SERVING["startupProbe"]["periodSeconds"] * SERVING["startupProbe"]["failureThreshold"] == STARTUP_SECONDS


def test_a_pod_leaves_the_service_long_before_it_is_restarted() -> None:
    def seconds(probe: Resource) -> int:
        return int(probe["periodSeconds"] * probe["failureThreshold"])

    assert seconds(SERVING["livenessProbe"]) > 5 * seconds(SERVING["readinessProbe"])


def test_the_server_may_finish_what_it_has_taken() -> None:
    hook = SERVING["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert POD["terminationGracePeriodSeconds"] >= hook + DRAIN_SECONDS + CLOSING_SECONDS


def test_the_resources_mean_the_same_pods_and_port() -> None:
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
    selectors = [
        DEPLOYMENT["spec"]["selector"]["matchLabels"],
        ENDPOINT["Service"]["spec"]["selector"],
        ENDPOINT["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    ]
    assert selectors == [selectors[0]] * 3
    assert selectors[0].items() <= labels.items()
    assert not selectors[0].items() <= MODELS["Pod"]["metadata"]["labels"].items(), "nobody asks the upload"
    (port,) = SERVING["ports"]
    assert ENDPOINT["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    assert ENDPOINT["NetworkPolicy"]["spec"]["ingress"][0]["ports"] == [{"port": port["name"]}]
    target = ENDPOINT["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == (DEPLOYMENT["kind"], DEPLOYMENT["metadata"]["name"])


# Which rights there are


def test_nothing_goes_out() -> None:
    policy = ENDPOINT["NetworkPolicy"]["spec"]
    assert "Egress" in policy["policyTypes"]
    assert policy["egress"] == []


@pytest.mark.parametrize("pod", PODS.values(), ids=list(PODS))
def test_a_pod_keeps_the_restricted_standard(pod: Resource) -> None:
    """The "restricted" policy of Kubernetes' Pod Security Standards, and three rights more that nothing here needs."""
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
    kinds = {kind for each in pod["volumes"] for kind in each if kind != "name"}
    assert kinds <= {"emptyDir", "persistentVolumeClaim"}
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]
