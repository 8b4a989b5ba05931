"""Licence of each package, as its metadata names it. A reading for people, no legal verdict."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from chem_endpoints.image.packages import PythonPackage

UNKNOWN = "unknown"
"""Of a package whose metadata names none."""

_PREFIX = "License :: "
_SAYS_NOTHING = frozenset({"", "UNKNOWN", "OSI Approved", "Other/Proprietary License"})
_STRONG_COPYLEFT = re.compile(r"(?<!L)GPL|Affero|(?<!Lesser )General Public License")


@dataclass(frozen=True, kw_only=True)
class Licence:
    """What a package says of its licence."""

    package: str
    version: str
    text: str
    """An SPDX expression where the metadata holds one, else its own words."""
    is_spdx: bool
    needs_reading: bool
    """Unknown, or the GPL or AGPL without a choice: a person decides whether that fits."""


def licences(packages: Iterable[PythonPackage]) -> tuple[Licence, ...]:
    """The licence of each package, in their order."""
    return tuple(licence(package) for package in packages)


def licence(package: PythonPackage) -> Licence:
    """The licence of one package.

    The first that says something of: ``License-Expression``; ``License``, where it is an SPDX expression; the
    classifiers; the first line of ``License``. Source: packaging.python.org, "Core metadata specifications".
    """
    stated = package.metadata.get("License-Expression") or package.metadata.get("License") or ""
    expression = _spdx(stated)
    text = expression or _of_classifiers(package.metadata) or _first_line(stated) or UNKNOWN
    return Licence(
        package=package.name,
        version=package.version,
        text=text,
        is_spdx=expression is not None,
        needs_reading=text == UNKNOWN or _is_strong_copyleft(text),
    )


def _spdx(text: str) -> str | None:
    try:
        return canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        return None


def _of_classifiers(metadata: Message) -> str:
    """The classifiers' own words: which of several applies they do not say."""
    named = [value.removeprefix(_PREFIX) for value in metadata.get_all("Classifier", []) if value.startswith(_PREFIX)]
    told = sorted({value.removeprefix("OSI Approved :: ") for value in named} - _SAYS_NOTHING)
    return "; ".join(told)


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0].strip()
    return "" if line in _SAYS_NOTHING else line[:100]


def _is_strong_copyleft(text: str) -> bool:
    """Whether every licence to choose from is a GPL or AGPL; linking exceptions count as such, for a person to read."""
    return all(_STRONG_COPYLEFT.search(choice) for choice in re.split(r"\bOR\b", text))
