"""What an image must not hold: one table of rules, each with its reason."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from chem_endpoints.image.contents import Contents, File
from chem_endpoints.image.packages import ENVIRONMENT, PROGRAM, SITE_PACKAGES, byte_code
from chem_endpoints.spec.image_source import SOURCES

_Search = Callable[[Contents], Iterable[File]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One kind of thing that no image holds."""

    name: str
    reason: str
    """Why it must not be there, and where that is not plain, how it is kept out."""
    search: _Search


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """What one rule found in an image."""

    rule: Rule
    files: tuple[File, ...]

    @property
    def compressed(self) -> int:
        """Bytes of the pushed layers that are theirs."""
        return sum(file.compressed for file in self.files)

    def __str__(self) -> str:
        shown = ", ".join(f"/{file.path}" for file in self.files[:3])
        more = f" and {len(self.files) - 3} more" if len(self.files) > 3 else ""
        return f"{self.rule.name}: {shown}{more} ({self.rule.reason})"


def leftovers(contents: Contents) -> tuple[Leftover, ...]:
    """What the rules find, those that take most first."""
    found = (Leftover(rule=rule, files=tuple(rule.search(contents))) for rule in RULES)
    return tuple(sorted((each for each in found if each.files), key=lambda each: each.compressed, reverse=True))


def _named(pattern: str) -> _Search:
    """Searches for paths, but folders, that match from the root on."""
    wanted = re.compile(pattern)
    return lambda contents: [
        file for file in contents.files.values() if file.kind != "folder" and wanted.fullmatch(file.path)
    ]


def _setuid(contents: Contents) -> Iterator[File]:
    return (file for file in contents.files.values() if file.kind == "file" and file.mode & 0o6000)


def _writable_by_all(contents: Contents) -> Iterator[File]:
    return (
        file
        for file in contents.files.values()
        if file.kind in ("file", "folder") and file.mode & 0o002 and not _MAY_BE_WRITTEN.fullmatch(file.path)
    )


def _owned_by_its_user(contents: Contents) -> list[File]:
    user = contents.settings.user.partition(":")[0]
    return [file for file in contents.files.values() if user != "0" and str(file.uid) == user]


def _unread(contents: Contents) -> Iterator[File]:
    return (
        file
        for path, file in contents.files.items()
        if file.kind != "folder"
        and ((path.startswith(f"{PROGRAM}/") and not _is_source(path)) or "/.git/" in f"/{path}")
    )


def _is_source(path: str) -> bool:
    below = PurePosixPath(path.replace("__pycache__/", "").replace(".cpython-311.pyc", ".py")).relative_to(PROGRAM)
    return below.as_posix() not in _ONLY_FOR_THE_BUILD and any(below.is_relative_to(source) for source in SOURCES)


def _without_byte_code(contents: Contents) -> Iterator[File]:
    return (
        file
        for path, file in contents.files.items()
        if file.kind == "file"
        and _IMPORTED.fullmatch(path)
        and not _CANNOT_COMPILE.fullmatch(path)
        and byte_code(path) not in contents.files
    )


_MAY_BE_WRITTEN = re.compile(r"tmp|dev(?:/.*)?")
"""The temporary folder is what a server writes to; a container's ``/dev`` is its runtime's, never the image's."""

_ONLY_FOR_THE_BUILD = frozenset({"container/Dockerfile", "container/prune.sh"})

_IMPORTED = re.compile(
    rf"(?:{PROGRAM}|{ENVIRONMENT})/.*[.]py"
    r"|usr/(?:local/)?lib/python3[.]11/(?!(?:.*/)?(?:tests?|idlelib|lib2to3|ensurepip|turtledemo|[a-z]+-packages)/).*[.]py"
)
"""Our modules, packages of the lock, and what a server may import of Python's own library."""

_CANNOT_COMPILE = re.compile(r".*/torch/testing/_internal/py312_intrinsics[.]py")
"""Modules in the syntax of a later Python."""

_COMPILERS = (
    r"gcc|g[+][+]|cc|c[+][+]|cpp|clang|gfortran|ld(?:[.](?:bfd|gold|lld))?|as|make|cmake|ninja|rustc|cargo|go|nvcc"
)

RULES: tuple[Rule, ...] = (
    Rule(
        name="tests of packages",
        reason="no server imports them",
        search=_named(rf"{SITE_PACKAGES}/(?:.*/)?tests?/.*"),
    ),
    Rule(
        name="headers",
        reason="nothing is compiled in the image",
        search=_named(
            rf"(?:{SITE_PACKAGES}/.*|usr/(?:local/)?include/.*|{ENVIRONMENT}/include/.*)[.](?:h|hh|hpp|hxx|cuh|pxd)"
        ),
    ),
    Rule(
        name="how Python was built",
        reason="only a compiler reads it; the build deletes it",
        search=_named(r"usr/local/lib/(?:pkgconfig|python3[.]11/config-3[.]11-[^/]*)/.*"),
    ),
    Rule(
        name="static libraries",
        reason="nothing is linked in the image",
        search=_named(r".*[.](?:a|la)"),
    ),
    Rule(
        name="type stubs",
        reason="only type checkers read them",
        search=_named(rf"{SITE_PACKAGES}/.*[.]pyi"),
    ),
    Rule(
        name="compilers",
        reason="nothing is compiled in the image, and an intruder should find none",
        search=_named(rf"(?:.*/)?s?bin/(?:[a-z0-9_]+-linux-gnu-)?(?:{_COMPILERS})(?:-[0-9.]+)?"),
    ),
    Rule(
        name="installers",
        reason="nothing is installed in the image, and an intruder should find none",
        search=_named(
            r".*/(?:pip|uv|setuptools|wheel|pkg_resources)/__init__[.]py|(?:.*/)?bin/(?:uv|uvx|wheel|pip[0-9.]*)"
            r"|.*/(?:ensurepip/_bundled|python-wheels)/.*[.]whl"
        ),
    ),
    Rule(
        name="caches of installers",
        reason="they are downloaded with every new instance and read by nothing",
        search=_named(
            r"(?:.*/)?[.]cache/.*|var/lib/apt/lists/.+|var/cache/(?:apt|debconf|ldconfig)/.+|var/log/.+|tmp/.+|var/tmp/.+"
            rf"|{ENVIRONMENT}/[.]lock"
        ),
    ),
    Rule(
        name="what the build mounted or copied",
        reason="it tells about the machine that built the image, and serves nothing",
        search=lambda contents: [
            file
            for file in _named(
                r"(?:wheels|locks|etc/pip[.]conf|etc/uv|root/[.](?:config|docker|aws|netrc|ssh))(?:/.*)?"
            )(contents)
            if file.size  # where a builder mounts something for a step, an empty file or folder stays
        ],
    ),
    Rule(
        name="setuid and setgid files",
        reason="no program may gain rights; the build takes the bits away",
        search=_setuid,
    ),
    Rule(
        name="what all may write",
        reason="a server writes to its temporary folder and to nothing else",
        search=_writable_by_all,
    ),
    Rule(
        name="files of the running user",
        reason="a server must not be able to change its own program",
        search=_owned_by_its_user,
    ),
    Rule(
        name="what no server reads of this repository",
        reason="client, command line, infrastructure, tests and history stay outside",
        search=_unread,
    ),
    Rule(
        name="modules without byte code",
        reason="on a read-only root they are compiled anew at every start",
        search=_without_byte_code,
    ),
)
