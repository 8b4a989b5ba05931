"""Examination of one built image: what it holds, and what of that must not ship."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from chem_endpoints.image.advisories import OSV_SERVICE, Audit, audit
from chem_endpoints.image.budget import over_budget
from chem_endpoints.image.contents import SOURCES_LABEL, Contents, read_contents
from chem_endpoints.image.leftovers import Leftover, leftovers
from chem_endpoints.image.licences import Licence, licences
from chem_endpoints.image.locks import Pin, disagreements, read_lock, unlike_lock
from chem_endpoints.image.packages import DebianPackage, PythonPackage, debian_packages, python_packages
from chem_endpoints.spec.image_source import LOCKS, source_hash

FULL_LOCK = "requirements/full.lock"
"""The lock that every image's lock agrees with, below the repository's root."""

NOT_ASKED = Audit(outcome="skipped", reason="not asked for", asked=0, advisories=())


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What was found in one image."""

    image: str
    contents: Contents
    pins: tuple[Pin, ...]
    """Of its lock."""
    python: tuple[PythonPackage, ...]
    debian: tuple[DebianPackage, ...]
    leftovers: tuple[Leftover, ...]
    licences: tuple[Licence, ...]
    audit: Audit
    problems: tuple[str, ...]
    """One line for each thing that must not ship; empty: the image may."""


def examine(
    folder: Path, *, image: str, root: Path, ask: bool = True, strict: bool = False, service: str = OSV_SERVICE
) -> Examination:
    """Examines the image that was exported to ``folder``.

    Args:
        folder: as `chem_endpoints.image.build.export` writes it.
        image: its name, one of ``IMAGES``.
        root: the repository's, for the locks and the sources.
        ask: whether the advisory service is asked.
        strict: whether no answer of the advisory service is a problem too.
        service: address of the advisory service.

    Raises:
        ContentsError: the folder holds no image.
        LockError: a lock is none.
        ImageSourceError: the image's lock is missing.
    """
    contents = read_contents(folder)
    python = python_packages(contents)
    architecture = contents.settings.architecture
    lock = root / LOCKS[image]
    pins = read_lock(lock)
    left = leftovers(contents)
    audited = audit(python, service=service) if ask else NOT_ASKED
    too_large = over_budget(contents, image)
    return Examination(
        image=image,
        contents=contents,
        pins=pins,
        python=python,
        debian=debian_packages(contents),
        leftovers=left,
        licences=licences(python),
        audit=audited,
        problems=(
            *_stale(contents, image, root),
            *([] if too_large is None else [too_large]),
            *map(str, left),
            *disagreements(lock, root / FULL_LOCK, architecture=architecture),
            *unlike_lock(python, pins, image=image, architecture=architecture),
            *_to_act_on(audited, strict),
        ),
    )


def _stale(contents: Contents, image: str, root: Path) -> Iterable[str]:
    if contents.settings.labels.get(SOURCES_LABEL) != source_hash(root, image):
        yield f"it was built from other sources: build it again: chem-endpoints image build {image}"


def _to_act_on(audited: Audit, strict: bool) -> Iterable[str]:
    """An advisory with a fixed release; one without is in the report only."""
    for each in audited.advisories:
        if each.fixed_in:
            fixed = " or ".join(each.fixed_in)
            yield f"{each.package} {each.version} has {each.id}: update to {fixed}, then run `make lock`"
    if strict and audited.outcome == "skipped":
        yield f"advisories {audited}"
