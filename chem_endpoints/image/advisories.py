"""Known vulnerabilities of an image's Python packages, asked of OSV (osv.dev) by pip-audit.

Not asked: Debian's packages, which the registry's scan on push reads (the CDK app switches it on), and libraries inside
wheels.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from packaging.version import Version

from chem_endpoints.image.packages import PythonPackage

OSV_SERVICE = "https://api.osv.dev/v1/query"
"""Where pip-audit asks. Source: google.github.io/osv.dev, "POST /v1/query"."""

CONTROL = ("django", "2.2")
"""A release with published vulnerabilities that no image holds, asked for with the others: an answer that finds none in
it is no answer. Without it a service that knows nothing would make every image clean."""

REQUEST_TIMEOUT = 15
"""Seconds that one question may take."""

AUDIT_TIMEOUT = 600
"""Seconds that all questions may take."""

UNREACHABLE = "advisory service not reachable"

Outcome = Literal["clean", "found", "skipped"]


@dataclass(frozen=True, kw_only=True)
class Advisory:
    """One published vulnerability of a package in the image."""

    package: str
    version: str
    id: str
    aliases: tuple[str, ...]
    fixed_in: tuple[str, ...]
    """Releases without it; empty: none is published."""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What the service answered."""

    outcome: Outcome
    """``clean`` only where every package was asked for and the control was found."""
    reason: str
    """Of ``skipped``, else empty."""
    asked: int
    """Packages that the service answered for."""
    advisories: tuple[Advisory, ...]

    def __str__(self) -> str:
        if self.outcome == "skipped":
            return f"skipped: {self.reason}"
        if self.outcome == "clean":
            return f"no known vulnerability, {self.asked} Python packages asked for"
        return f"{len(self.advisories)} known vulnerabilities, {self.asked} Python packages asked for"


def audit(packages: Iterable[PythonPackage], *, service: str = OSV_SERVICE) -> Audit:
    """Asks for each package of an image, by its public release (``2.13.0`` for ``2.13.0+cpu``)."""
    releases = sorted({(package.name, Version(package.version).public) for package in packages})
    answered: list[dict[str, Any]] = []
    for pins in _lists(releases):
        answer = _ask(pins, service)
        if isinstance(answer, str):
            return Audit(outcome="skipped", reason=answer, asked=0, advisories=())
        answered += answer
    return _read(answered, releases)


def _lists(releases: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Lists that pin each package once: an image may hold two releases of one, pip-audit asks for one only."""
    lists: list[dict[str, str]] = []
    for name, version in releases:
        free = next((pins for pins in lists if name not in pins), None)
        if free is None:
            lists.append(free := dict([CONTROL]))
        free[name] = version
    return lists


def _ask(pins: Mapping[str, str], service: str) -> list[dict[str, Any]] | str:
    """pip-audit's answer for each package, or why there is none."""
    with tempfile.TemporaryDirectory(prefix="chem-endpoints-audit-") as folder:
        requirements = Path(folder, "requirements.txt")
        requirements.write_text("".join(f"{name}=={version}\n" for name, version in pins.items()))
        command = [sys.executable, "-m", "pip_audit", f"--requirement={requirements}", "--disable-pip", "--no-deps"]
        command += ["--format=json", "--desc=off", "--aliases=on", "--progress-spinner=off"]
        command += ["--vulnerability-service=osv", f"--osv-url={service}", f"--timeout={REQUEST_TIMEOUT}"]
        command += [f"--cache-dir={folder}/cache"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=AUDIT_TIMEOUT, check=False)
        except subprocess.TimeoutExpired:
            return f"advisory service did not answer within {AUDIT_TIMEOUT} s"
    try:
        answered: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:  # it ends with a traceback: its exit status is 1, as for a vulnerability
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        unreachable = "ConnectionError" in last or "Timeout" in last
        return UNREACHABLE if unreachable else f"pip-audit got no answer: {last[:200]}"
    return answered


def _read(answered: Iterable[dict[str, Any]], releases: Sequence[tuple[str, str]]) -> Audit:
    answers = [((each["name"], each["version"]), each["vulns"]) for each in answered if "skip_reason" not in each]
    controls = [faults for release, faults in answers if release == CONTROL]
    found = {release: faults for release, faults in answers if release != CONTROL}
    advisories = tuple(
        Advisory(
            package=name,
            version=version,
            id=fault["id"],
            aliases=tuple(fault["aliases"]),
            fixed_in=tuple(fault["fix_versions"]),
        )
        for (name, version), faults in sorted(found.items())
        for fault in faults
    )
    missing = [name for name, version in releases if (name, version) not in found]
    if not controls or not all(controls):
        reason = f"advisory service knows nothing of {'=='.join(CONTROL)}, so it knows too little"
        return Audit(outcome="skipped", reason=reason, asked=0, advisories=advisories)
    if missing:
        reason = f"advisory service did not answer for {', '.join(missing)}"
        return Audit(outcome="skipped", reason=reason, asked=len(found), advisories=advisories)
    return Audit(outcome="found" if advisories else "clean", reason="", asked=len(found), advisories=advisories)
