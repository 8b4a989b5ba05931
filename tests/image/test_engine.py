"""Promise: the engine that works here is found; where none does, one line says what was looked for and what to do."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chem_endpoints.image import engine as module
from chem_endpoints.image.engine import Engine, EngineError, find_builder, find_runner
from chem_endpoints.image.storage import labels

Install = Callable[..., Path]

WORKS = "exit 0"
DAEMON_IS_DOWN = "echo 'Cannot connect to the Docker daemon' >&2; exit 1"
STORAGE_IS_BROKEN = "echo 'Error: a hint' >&2; echo 'Error: database is locked' >&2; exit 125"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a program on a PATH that holds nothing else."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(module.VARIABLE, raising=False)

    def put(name: str, script: str = WORKS) -> Path:
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    return put


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A Linux machine with systemd, one cgroup hierarchy, root and all capabilities, but for what is told."""

    def be(*, systemd: bool = True, hybrid: bool = False, root: bool = True, capabilities: int = 2**41 - 1) -> None:
        folder = tmp_path / "machine"
        (folder / "unified").mkdir(parents=True)
        if hybrid:
            (folder / "unified" / "cgroup.controllers").touch()
        (folder / "status").write_text(f"Name:\tpython\nCapEff:\t{capabilities:016x}\n")
        monkeypatch.setattr(module, "_CGROUPS", folder)
        monkeypatch.setattr(module, "_CAPABILITIES", folder / "status")
        monkeypatch.setattr(module, "_SYSTEMD", folder if systemd else folder / "missing")
        monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
        monkeypatch.setattr(module.sys, "platform", "linux")

    return be


@pytest.mark.parametrize(
    ("programs", "builder", "runner"),
    [
        ({"docker": WORKS, "podman": WORKS, "buildah": WORKS}, "docker", "docker"),
        ({"docker": DAEMON_IS_DOWN, "podman": WORKS, "buildah": WORKS}, "podman", "podman"),
        ({"podman": STORAGE_IS_BROKEN, "buildah": WORKS}, "buildah", None),
    ],
    ids=["all", "docker-daemon-down", "podman-broken"],
)
def test_the_first_engine_that_answers_is_taken(
    install: Install,
    machine: Callable[..., None],
    programs: dict[str, str],
    builder: str,
    runner: str | None,
) -> None:
    machine()
    placed = {name: install(name, script) for name, script in programs.items()}
    assert find_builder() == Engine(name=builder, executable=placed[builder])  # type: ignore[arg-type]
    if runner is not None:
        assert find_runner().name == runner
        return
    with pytest.raises(EngineError, match="runs containers"):
        find_runner()


def test_an_error_says_of_each_engine_what_is_wrong_and_what_to_install(install: Install) -> None:
    install("docker", DAEMON_IS_DOWN)
    install("podman", STORAGE_IS_BROKEN)
    with pytest.raises(EngineError) as told:
        find_builder()
    message = str(told.value)
    assert "docker (client found, its daemon does not answer)" in message
    assert "podman (found, but: Error: database is locked)" in message
    assert "buildah (not found)" in message
    assert "apt-get install podman" in message
    assert "macOS" in message
    assert "\n" not in message


def test_the_environment_variable_chooses_and_the_argument_wins(
    install: Install, machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine()
    for name in ("docker", "podman", "buildah"):
        install(name)
    monkeypatch.setenv(module.VARIABLE, "podman")
    assert find_builder().name == "podman"
    assert find_builder("buildah").name == "buildah"


def test_an_engine_that_was_chosen_is_never_replaced_by_another(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("docker")
    monkeypatch.setenv(module.VARIABLE, "podman")
    with pytest.raises(EngineError, match=r"podman \(not found\)\. Install"):
        find_builder()
    with pytest.raises(EngineError, match=r"nerdctl: .*one of docker, podman, buildah"):
        find_builder("nerdctl")
    with pytest.raises(EngineError, match=r"buildah: .*one of docker, podman "):
        find_runner("buildah")


def test_an_engine_that_hangs_is_passed_over(
    install: Install, machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine()
    install("docker", "exec /bin/sleep 60")
    install("podman")
    monkeypatch.setattr(module, "_ANSWER_SECONDS", 0.2)
    assert find_builder().name == "podman"


def test_hybrid_cgroups_take_runc(install: Install, machine: Callable[..., None]) -> None:
    machine(hybrid=True)
    install("podman")
    with pytest.raises(EngineError, match="takes runc: install it"):
        find_runner()
    install("runc")
    assert find_runner().command("ps")[1:] == ["--runtime=runc", "ps"]


def test_a_plain_machine_needs_no_flag(machine: Callable[..., None]) -> None:
    machine()
    podman = Engine(name="podman", executable=Path("podman"))
    assert podman.command("run", *podman.run_flags()) == ["podman", "run"]
    assert podman.build_flags() == ["--platform=linux/amd64", "--format=docker", "--layers", "--pull=missing"]


@pytest.mark.parametrize("lack", [{"systemd": False}, {"hybrid": True}], ids=["no-systemd", "hybrid-cgroups"])
def test_a_build_without_systemd_or_with_hybrid_cgroups_is_isolated_by_chroot(
    machine: Callable[..., None], lack: dict[str, bool]
) -> None:
    machine(**lack)
    for name in ("podman", "buildah"):
        assert "--isolation=chroot" in Engine(name=name, executable=Path(name)).build_flags()  # type: ignore[arg-type]
    assert Engine(name="docker", executable=Path("docker")).build_flags() == ["--platform=linux/amd64"]


def test_root_that_cannot_raise_limits_gives_a_container_its_own(machine: Callable[..., None]) -> None:
    podman = Engine(name="podman", executable=Path("podman"))
    machine(capabilities=(2**41 - 1) & ~(1 << 24))
    (files, processes) = podman.run_flags()
    assert files.startswith("--ulimit=nofile=")
    hard, _, soft = processes.removeprefix("--ulimit=nproc=").partition(":")
    assert hard == soft
    assert 0 < int(hard) <= int(Path("/proc/sys/kernel/pid_max").read_text())


def test_a_user_without_root_needs_no_limits(machine: Callable[..., None]) -> None:
    machine(root=False, capabilities=0)
    assert Engine(name="podman", executable=Path("podman")).run_flags() == []


def test_a_failed_subcommand_is_told_in_one_line(install: Install, machine: Callable[..., None]) -> None:
    machine()
    broken = Engine(name="podman", executable=install("podman", STORAGE_IS_BROKEN))
    with pytest.raises(EngineError, match=r"^podman push: Error: database is locked$"):
        broken.ask("push", "x")
    hanging = Engine(name="podman", executable=install("podman", "exec /bin/sleep 60"))
    with pytest.raises(EngineError, match=r"^podman pull: no answer within 0\.2 s$"):
        hanging.ask("pull", "x", seconds=0.2)


@pytest.mark.parametrize("name", ["docker", "buildah"])
@pytest.mark.parametrize("answer", ["", "[]", "{}", "null", "[{}]"])
def test_an_engine_that_describes_no_image_is_told(install: Install, name: str, answer: str) -> None:
    engine = Engine(name=name, executable=install(name, f"echo '{answer}'"))  # type: ignore[arg-type]
    with pytest.raises(EngineError, match=rf"^{name} inspect x:y: its answer describes no image \("):
        labels(engine, "x:y")


def test_an_image_that_is_not_stored_has_no_labels_and_a_plain_one_has_none(install: Install) -> None:
    assert labels(Engine(name="docker", executable=install("docker", "exit 1")), "x:y") is None
    plain = install("docker", """echo '[{"Config": {"Labels": null}}]'""")
    assert labels(Engine(name="docker", executable=plain), "x:y") == {}
