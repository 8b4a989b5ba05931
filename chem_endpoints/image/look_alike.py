"""A stand-in for the pinned base image, out of Debian's packages, where no registry can be reached.

It has the same Debian release and the same minor version of Python, so the build, the packages' shared libraries and
the server can be tested on it. It is not what SageMaker should run: its Python is Debian's, an older patch release.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from chem_endpoints.image.build import pinned_base_image
from chem_endpoints.image.engine import Engine, EngineError
from chem_endpoints.image.storage import labels
from chem_endpoints.spec.image_source import REPOSITORY

RELEASE = "bookworm"
"""The Debian release of the pinned image; its Python is 3.11."""

PULL_SECONDS = 30.0
"""How long pulling the pinned image may take before the stand-in is made instead."""

UPSTREAMS_LEFTOVERS = (
    "usr/local/bin/wheel",
    "usr/local/include/python3.11/Python.h",
    "usr/local/lib/pkgconfig/python3.pc",
    "usr/local/lib/python3.11/config-3.11-x86_64-linux-gnu/Makefile",
)
"""Files of the pinned image that Debian's Python does not have and the build deletes: here they are empty, so that a
build which forgets them is found out without the pinned image, too."""

_SOURCES = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d/debian.sources"))

# What python:3.11-slim-bookworm has: netbase, tzdata and the roots of trust; /usr/local/bin/python; no documentation
# but licences. Debian's pip installs nothing beside apt as long as EXTERNALLY-MANAGED is there.
_MMDEBSTRAP = (
    "--variant=minbase",
    "--include=ca-certificates,netbase,python3,python3-pip,python3-venv,tzdata",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    '--customize-hook=ln -s /usr/bin/python3 "$1/usr/local/bin/python"',
    '--customize-hook=ln -s /usr/bin/python3 "$1/usr/local/bin/python3"',
    '--customize-hook=rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED',
    *(f'--customize-hook=install -D --mode=644 /dev/null "$1/{path}"' for path in UPSTREAMS_LEFTOVERS),
    RELEASE,
)

_DOCKERFILE = """\
FROM scratch
ADD root.tar /
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
CMD ["python3"]
"""


@dataclass(frozen=True, kw_only=True)
class BaseImage:
    """What an image is built upon."""

    reference: str | None
    """``None``: what the Dockerfile pins."""
    is_look_alike: bool
    why: str
    """One sentence for whoever builds."""


def base_image(root: Path, engine: Engine) -> BaseImage:
    """The pinned base image where it is in the storage or can be pulled, else the stand-in.

    Args:
        root: the clone, whose Dockerfile pins it.
        engine: what builds with it.

    Raises:
        EngineError: neither; the message says what is missing.
    """
    pinned = pinned_base_image(root)
    if labels(engine, pinned) is not None:
        return BaseImage(reference=None, is_look_alike=False, why="the pinned base image is in the storage")
    try:
        engine.ask("pull", pinned, seconds=PULL_SECONDS)
    except EngineError as error:
        try:
            reference = look_alike(engine)
        except EngineError as missing:
            raise EngineError(f"the base image cannot be pulled ({error}), and no stand-in made: {missing}") from None
        why = f"the base image cannot be pulled ({error}): this image is for tests, not for deployment"
        return BaseImage(reference=reference, is_look_alike=True, why=why)
    return BaseImage(reference=None, is_look_alike=False, why="the pinned base image has been pulled")


def look_alike(engine: Engine) -> str:
    """Makes the stand-in, unless the storage holds one of the same recipe, and returns its reference.

    On a machine with the same Debian release it gets that machine's package sources. What mmdebstrap tells goes to the
    terminal.

    Raises:
        EngineError: mmdebstrap or the rights of root are missing, or it failed.
    """
    sources = _machine_sources()
    recipe = "\n".join([*_MMDEBSTRAP, _DOCKERFILE, *(source.read_text() for source in sources)])
    reference = f"localhost/{REPOSITORY}-base-look-alike:{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    if labels(engine, reference) is not None:
        return reference
    if shutil.which("mmdebstrap") is None:
        raise EngineError("mmdebstrap not found; on Debian and Ubuntu: `apt-get install mmdebstrap`")
    if os.geteuid() != 0:
        raise EngineError("making a Debian root with mmdebstrap needs root")
    with tempfile.TemporaryDirectory(prefix="chem-endpoints-look-alike-") as named:
        folder = Path(named)
        (folder / "Dockerfile").write_text(_DOCKERFILE)
        made = subprocess.run(["mmdebstrap", *_MMDEBSTRAP, folder / "root.tar", *sources], check=False)
        if made.returncode != 0:
            raise EngineError(f"mmdebstrap ended with status {made.returncode}, its last lines say why")
        engine.ask("build", *engine.build_flags(), f"--tag={reference}", str(folder))
    return reference


def _machine_sources() -> list[Path]:
    """The package sources of a machine with the same release; else none, and mmdebstrap takes Debian's own."""
    try:
        if platform.freedesktop_os_release().get("VERSION_CODENAME") != RELEASE:
            return []
    except OSError:  # no Linux
        return []
    return [source for source in _SOURCES if source.is_file() and source.stat().st_size]
