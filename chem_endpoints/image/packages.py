"""Packages that an image holds, with what each takes: Python's by their RECORD, Debian's by dpkg's list."""

import csv
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from pathlib import PurePosixPath

from packaging.utils import canonicalize_name

from chem_endpoints.image.contents import DPKG_STATUS, Contents

ENVIRONMENT = "opt/venv"
"""Folder of the virtual environment that the lock fills; other Python packages came with the base image."""

SITE_PACKAGES = f"{ENVIRONMENT}/lib/python3.11/site-packages"
"""Folder of its packages."""

PROGRAM = "opt/program"
"""Folder of our own code in the image."""

_METADATA = {".dist-info": "METADATA", ".egg-info": "PKG-INFO"}


@dataclass(frozen=True, kw_only=True)
class PythonPackage:
    """One installed distribution."""

    name: str
    """Normalised."""
    version: str
    folder: str
    """Where it is installed: a site-packages folder of the image."""
    metadata: Message = field(repr=False, compare=False)
    """Its core metadata (packaging.python.org, "Core metadata specifications")."""
    files: tuple[str, ...] = field(repr=False)
    """Paths in the image, byte code among them; empty for a package that lists none."""
    size: int
    """Bytes unpacked."""
    compressed: int
    """Bytes of the pushed layer."""

    @property
    def is_ours(self) -> bool:
        """Whether the lock put it there: neither the base image, nor a package that carries a copy of another."""
        return self.folder == SITE_PACKAGES


@dataclass(frozen=True, kw_only=True)
class DebianPackage:
    """One installed Debian package."""

    name: str
    version: str
    architecture: str
    source: str
    """Name of the source package, which security advisories name."""
    size: int
    """Bytes by its ``Installed-Size``, which Debian rounds up for each file."""


def python_packages(contents: Contents) -> tuple[PythonPackage, ...]:
    """All Python packages, by name."""
    found = [
        _python_package(contents, path)
        for path in contents.texts
        if path.rpartition("/")[2] == _METADATA.get(PurePosixPath(path).parent.suffix)
    ]
    return tuple(sorted(found, key=lambda package: (package.name, package.folder)))


def debian_packages(contents: Contents) -> tuple[DebianPackage, ...]:
    """All Debian packages whose state is installed, by name; none in an image that is no Debian."""
    stanzas = (HeaderParser().parsestr(text) for text in contents.texts.get(DPKG_STATUS, "").split("\n\n"))
    found = [
        DebianPackage(
            name=stanza["Package"],
            version=stanza["Version"],
            architecture=stanza["Architecture"],
            source=stanza.get("Source", stanza["Package"]).partition(" ")[0],
            size=int(stanza.get("Installed-Size", 0)) * 1024,
        )
        for stanza in stanzas
        if stanza.get("Status", "").endswith(" installed")
    ]
    return tuple(sorted(found, key=lambda package: package.name))


def largest(packages: Iterable[PythonPackage], count: int = 10) -> tuple[PythonPackage, ...]:
    """The packages that make the image largest, by compressed size."""
    return tuple(sorted(packages, key=lambda package: package.compressed, reverse=True)[:count])


def _python_package(contents: Contents, metadata_path: str) -> PythonPackage:
    information, _, _ = metadata_path.rpartition("/")
    folder = information.rpartition("/")[0]
    metadata = HeaderParser().parsestr(contents.texts[metadata_path])
    record = contents.texts.get(f"{information}/RECORD", "")
    files = tuple(sorted({path for path in _recorded(record, folder) if path in contents.files}))
    return PythonPackage(
        name=canonicalize_name(metadata["Name"]),
        version=metadata["Version"],
        folder=folder,
        metadata=metadata,
        files=files,
        size=sum(contents.files[path].size for path in files),
        compressed=sum(contents.files[path].compressed for path in files),
    )


def _recorded(record: str, folder: str) -> Iterator[str]:
    """Paths that a RECORD lists, and of each module its byte code, which uv compiles after it wrote the list."""
    for row in csv.reader(record.splitlines()):
        if row:
            path = posixpath.normpath(posixpath.join(folder, row[0]))
            yield path
            if path.endswith(".py"):
                yield byte_code(path)


def byte_code(module: str) -> str:
    """Path of the byte code that Python 3.11 looks for beside a module."""
    folder, _, name = module.rpartition("/")
    return f"{folder}/__pycache__/{re.sub(r'[.]py$', '', name)}.cpython-311.pyc"
