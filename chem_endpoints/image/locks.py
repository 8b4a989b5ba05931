"""What the locks pin, whether they agree with each other, and whether an image holds just that.

A lock is a requirements file as ``uv pip compile --generate-hashes`` writes it (requirements/lock.sh).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from chem_endpoints.image.packages import PythonPackage

WITHOUT_A_PIN: Mapping[str, frozenset[str]] = MappingProxyType({"deep": frozenset({"torch"})})
"""Packages that an image holds and its lock does not pin: torch's CPU build has no hash there."""

_ONLY_FOR_GPU = re.compile(r"torch|triton|(?:cuda|nvidia)-.+")
"""Packages that an image's lock pins and the full lock, which is for CPUs, does not."""

MACHINES: Mapping[str, str] = MappingProxyType({"amd64": "x86_64", "arm64": "aarch64"})
"""``platform_machine`` in an image of each architecture."""


class LockError(Exception):
    """A file is no lock; the message says where and what to do."""


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One line of a lock."""

    name: str
    """Normalised."""
    version: str
    marker: str
    """Where it applies; empty: everywhere."""
    hashes: frozenset[str]
    """``sha256:…`` of the distributions that may be installed."""

    def applies(self, environment: Mapping[str, str]) -> bool:
        """Whether its marker holds in an environment (PEP 508)."""
        return not self.marker or Marker(self.marker).evaluate(dict(environment))


def read_lock(lock: Path) -> tuple[Pin, ...]:
    """All pins of a lock, in its order.

    Raises:
        LockError: a line is no pin, or has no hash.
    """
    return tuple(_pin(line, lock) for line in lock.read_text().replace("\\\n", "").splitlines() if line.strip())


def pinned(pins: Iterable[Pin], architecture: str) -> Mapping[str, Pin]:
    """The pins that an image of an architecture (``amd64``, ``arm64``) installs, by name."""
    environment = linux_environment(architecture)
    return {pin.name: pin for pin in pins if pin.applies(environment)}


def disagreements(part: Path, whole: Path, *, architecture: str) -> tuple[str, ...]:
    """Where an image with ``part`` gets another package than one with ``whole``: one line each, empty when they agree.

    A package has the same version and hashes in both; ``whole`` may pin more, and ``part`` torch with CUDA. Markers may
    be worded otherwise.

    Raises:
        LockError: one of them is no lock.
    """
    in_whole = pinned(read_lock(whole), architecture)
    return tuple(
        f"{part.name} pins {name} {_difference(pin, in_whole.get(name), whole.name)}: run `make lock`"
        for name, pin in pinned(read_lock(part), architecture).items()
        if not _same(pin, in_whole.get(name)) and (name in in_whole or not _ONLY_FOR_GPU.fullmatch(name))
    )


def unlike_lock(
    packages: Iterable[PythonPackage], pins: Iterable[Pin], *, image: str, architecture: str
) -> tuple[str, ...]:
    """Where the packages of an image are not those of its lock: one line each, empty when they are.

    Args:
        packages: of the image; those of the base image do not count.
        pins: of its lock.
        image: its name.
        architecture: ``amd64`` or ``arm64``.
    """
    locked = {name: pin.version for name, pin in pinned(pins, architecture).items()}
    installed = {package.name: package.version for package in packages if package.is_ours}
    unpinned = WITHOUT_A_PIN.get(image, frozenset())
    return (
        *(
            f"{name} is {installed.get(name, 'not installed')}, its lock pins {version}: build the image again"
            for name, version in sorted(locked.items())
            if name not in installed or Version(installed[name]) != Version(version)
        ),
        *(
            f"{name} {version} is installed, but no lock pins it: build the image again"
            for name, version in sorted(installed.items())
            if name not in locked and name not in unpinned
        ),
        *(f"{name} is not installed: build the image again" for name in sorted(unpinned - installed.keys())),
    )


def linux_environment(architecture: str) -> Mapping[str, str]:
    """Values of the environment markers (PEP 508) in an image of an architecture."""
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": MACHINES[architecture],
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": "3.11.0",
        "python_version": "3.11",
        "sys_platform": "linux",
    }


def _pin(line: str, lock: Path) -> Pin:
    stated, *hashes = line.split(" --hash=")
    try:
        requirement = Requirement(stated.strip())
    except InvalidRequirement as error:
        raise LockError(f"{lock}: no pin: {stated.strip()[:60]!r}: run `make lock`") from error
    versions = [each.version for each in requirement.specifier if each.operator == "=="]
    if len(versions) != 1 or not hashes:
        raise LockError(f"{lock}: {requirement.name} has no single version with hashes: run `make lock`")
    return Pin(
        name=canonicalize_name(requirement.name),
        version=versions[0],
        marker=str(requirement.marker or ""),
        hashes=frozenset(each.strip() for each in hashes),
    )


def _same(one: Pin, other: Pin | None) -> bool:
    return other is not None and (one.version, one.hashes) == (other.version, other.hashes)


def _difference(pin: Pin, other: Pin | None, whole: str) -> str:
    if other is None:
        return f"{pin.version}, {whole} does not pin it"
    if other.version != pin.version:
        return f"{pin.version}, {whole} pins {other.version}"
    return f"{pin.version} with other hashes than {whole}"
