"""The container engine of this machine, and what the machine makes it need beside the plain command."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from chem_endpoints.spec.image_source import REPOSITORY

Name = Literal["docker", "podman", "buildah"]

VARIABLE = "CHEM_ENDPOINTS_ENGINE"
"""Environment variable that chooses an engine; the first usable one is taken without it."""

BUILDERS: tuple[Name, ...] = get_args(Name)
"""What can build images, the first choice first."""

RUNNERS: tuple[Name, ...] = ("docker", "podman")
"""What can run a built image as a container that stays."""

PLATFORM = "linux/amd64"
"""What is built for, also on a Mac: the platform of the instances."""

_ANSWER_SECONDS = 90
_INSTALL = (
    "Install one: `apt-get install podman` on Debian and Ubuntu; on macOS Docker Desktop, or Podman with a machine"
)

# A question that only a working engine answers: a client without its daemon, or without its machine, does not.
_QUESTIONS: Mapping[Name, tuple[str, ...]] = MappingProxyType(
    {
        "docker": ("version", "--format", "{{.Server.Version}}"),
        "podman": ("info", "--format", "{{.Host.Arch}}"),
        "buildah": ("info", "--format", "{{.host}}"),
    }
)

_CGROUPS = Path("/sys/fs/cgroup")
_SYSTEMD = Path("/run/systemd/system")
_CAPABILITIES = Path("/proc/self/status")
_HIGHEST_PROCESS_ID = Path("/proc/sys/kernel/pid_max")
_CAP_SYS_RESOURCE = 24
"""Number of the capability; source: capabilities(7), linux/capability.h."""


class EngineError(Exception):
    """No engine, or one that fails; the message says what is missing and what to do."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A container engine that answers."""

    name: Name
    executable: Path

    def command(self, *words: str) -> list[str]:
        """The command line of a subcommand, for `subprocess`.

        Where cgroups are hybrid podman runs containers with runc: "crun: cgroups in hybrid mode not supported".
        """
        runtime = ("--runtime=runc",) if self.name == "podman" and _has_hybrid_cgroups() else ()
        return [str(self.executable), *runtime, *words]

    def build_flags(self) -> list[str]:
        """What ``build`` is always given: the platform, the format, the cache, and what this machine needs.

        SageMaker pulls images with Docker's media types; podman and buildah write OCI's unless they are told.

        Without systemd, so in a container or a minimal machine, and where cgroups are hybrid, steps are isolated by
        chroot alone: "netavark: No such file or directory", "cgroups in hybrid mode not supported".
        """
        flags = [f"--platform={PLATFORM}"]
        if self.name != "docker":
            flags += ["--format=docker", "--layers", "--pull=missing"]
            if sys.platform == "linux" and (_has_hybrid_cgroups() or not _SYSTEMD.is_dir()):
                flags += ["--isolation=chroot"]
        return flags

    def run_flags(self) -> list[str]:
        """What ``run`` needs here.

        Root without CAP_SYS_RESOURCE cannot give a container more than it has itself: "setrlimit RLIMIT_NOFILE:
        Operation not permitted". podman has lowered its own limit of processes to the kernel's highest process id.
        """
        if self.name != "podman" or sys.platform != "linux" or os.geteuid() != 0 or _may_raise_limits():
            return []
        files, processes = (resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC))
        highest = int(_HIGHEST_PROCESS_ID.read_text(encoding="ascii"))
        processes = highest if processes == resource.RLIM_INFINITY else min(processes, highest)
        # podman, as Python, says -1 for unlimited.
        return [f"--ulimit=nofile={files}:{files}", f"--ulimit=nproc={processes}:{processes}"]

    def run(
        self, *words: str, seconds: float | None = None, folder: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Runs a subcommand and returns how it ended, with what it told.

        Args:
            words: the subcommand and what it is given.
            seconds: how long it may take; default: as long as it takes.
            folder: where it runs; default: here.

        Raises:
            subprocess.TimeoutExpired: it took longer.
        """
        command = self.command(*words)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds, cwd=folder)

    def ask(self, *words: str, seconds: float | None = None, folder: str | None = None) -> str:
        """Runs a subcommand and returns what it printed.

        Args:
            words: the subcommand and what it is given.
            seconds: how long it may take; default: as long as it takes.
            folder: where it runs; default: here.

        Raises:
            EngineError: it failed, and the message is its last line; or it took longer.
        """
        try:
            ended = self.run(*words, seconds=seconds, folder=folder)
        except subprocess.TimeoutExpired:
            raise EngineError(f"{self.name} {words[0]}: no answer within {seconds:g} s") from None
        if ended.returncode != 0:
            raise EngineError(f"{self.name} {words[0]}: {_last_line(ended)}")
        return ended.stdout


def find_builder(name: str | None = None) -> Engine:
    """The engine that builds images: docker whose daemon answers, else podman, else buildah.

    Args:
        name: the only one to look for; default: the variable ``CHEM_ENDPOINTS_ENGINE``, else any.

    Raises:
        EngineError: there is none; the message says what was looked for and what to install.
    """
    return _find(BUILDERS, name, purpose="builds images")


def find_runner(name: str | None = None) -> Engine:
    """The engine that runs containers: docker whose daemon answers, else podman.

    Args:
        name: the only one to look for; default: the variable ``CHEM_ENDPOINTS_ENGINE``, else any.

    Raises:
        EngineError: there is none; the message says what was looked for and what to install.
    """
    return _find(RUNNERS, name, purpose="runs containers")


def local_name(image: str) -> str:
    """What a built image is called in the engine's storage: ``chem-endpoints:base``."""
    return f"{REPOSITORY}:{image}"


def _find(names: Iterable[Name], chosen: str | None, *, purpose: str) -> Engine:
    chosen = chosen or os.environ.get(VARIABLE)
    looked_for = [name for name in names if chosen in (None, "", name)]
    if not looked_for:
        raise EngineError(f"{chosen}: no engine that {purpose}; choose one of {', '.join(names)} (variable {VARIABLE})")
    troubles = []
    for name in looked_for:
        found = _look(name)
        if isinstance(found, Engine):
            return found
        troubles.append(f"{name} ({found})")
    raise EngineError(f"nothing here {purpose}: {', '.join(troubles)}. {_INSTALL}")


def _look(name: Name) -> Engine | str:
    """The engine, or why it cannot be used."""
    executable = shutil.which(name)
    if executable is None:
        return "not found"
    try:
        answer = subprocess.run(
            [executable, *_QUESTIONS[name]], capture_output=True, text=True, check=False, timeout=_ANSWER_SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"found, no answer within {_ANSWER_SECONDS} s"
    if answer.returncode != 0:
        return "client found, its daemon does not answer" if name == "docker" else f"found, but: {_last_line(answer)}"
    if name == "podman" and _has_hybrid_cgroups() and shutil.which("runc") is None:
        return "found, but cgroups are hybrid here, which takes runc: install it"
    return Engine(name=name, executable=Path(executable))


def _last_line(ended: "subprocess.CompletedProcess[str]") -> str:
    return (ended.stderr.strip().splitlines() or [f"exit status {ended.returncode}"])[-1]


def _has_hybrid_cgroups() -> bool:
    """Version 1 and 2 side by side; where both are one, the file is in the folder itself."""
    return (_CGROUPS / "unified" / "cgroup.controllers").exists()


def _may_raise_limits() -> bool:
    status = dict(line.split(":\t", 1) for line in _CAPABILITIES.read_text().splitlines() if ":\t" in line)
    return bool(int(status["CapEff"], 16) & 1 << _CAP_SYS_RESOURCE)
