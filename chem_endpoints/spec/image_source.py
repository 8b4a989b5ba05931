"""Identity of the container images: which there are, and a hash of everything that goes into each.

The tag of an image is the SHA-256 of its name, its sources and its lock, so a template says which code an endpoint
runs, a changed file changes the tag, and the local AWS can prove that the code it starts is the code the template
names.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import MappingProxyType

SOURCES = ("container", "model_scripts", "chem_endpoints/__init__.py", "chem_endpoints/wire")
"""What every image is built from, below the repository's root; ``container`` with the Dockerfile. Client, command line
and infrastructure are not among them: a change there changes no image and updates no endpoint."""

DOCKERFILE = "container/Dockerfile"
"""How every image is built, below the repository's root."""

REPOSITORY = "chem-endpoints"
"""Name of the ECR repository, the same in every account and region."""

_DRIVER_OF_CUDA: Mapping[str, str] = MappingProxyType(
    {"12.4": "al2-ami-sagemaker-inference-gpu-3-1", "13.0": "al2023-ami-sagemaker-inference-gpu-4-1"}
)
"""The machine image of an instance whose driver runs a CUDA version. With a driver that is too old the container dies
before it writes a log line. Source: "InferenceAmiVersion" of ProductionVariant, SageMaker API reference."""


@dataclass(frozen=True, kw_only=True)
class ImageKind:
    """One of the images."""

    lock: str
    """The lock that it installs, below the repository's root."""
    target: str
    """The stage of the Dockerfile."""
    cuda: str | None = None
    """CUDA version of its torch; None: it runs on the CPU."""

    @property
    def needs_gpu(self) -> bool:
        """True where it runs on GPU instances, and only there."""
        return self.cuda is not None

    @property
    def inference_ami_version(self) -> str | None:
        """``InferenceAmiVersion`` of a variant that runs it; None: SageMaker's own choice does."""
        return None if self.cuda is None else _DRIVER_OF_CUDA[self.cuda]


IMAGES: Mapping[str, ImageKind] = MappingProxyType(
    {
        "base": ImageKind(lock="requirements/base.lock", target="base"),
        "deep": ImageKind(lock="requirements/deep.lock", target="deep"),
        "deep-gpu": ImageKind(lock="requirements/deep-gpu.lock", target="deep-gpu", cuda="13.0"),
    }
)
"""The images that a declaration can name."""

LOCKS: Mapping[str, str] = MappingProxyType({name: image.lock for name, image in IMAGES.items()})
"""The lock that each image installs, below the repository's root."""

_IGNORED_PARTS = frozenset({"__pycache__"})


class ImageSourceError(Exception):
    """An image whose tag cannot be known; the message says what to do."""


def source_hash(root: Path, image: str) -> str:
    """SHA-256 (hex) of the image's name, of its sources below ``root`` and of its lock.

    Times, modes, byte-compiled and hidden files do not count; names and contents do.

    Raises:
        ImageSourceError: no such image, or its lock is missing.
    """
    digest = hashlib.sha256(f"{image}\n".encode())
    for path in source_files(root, image):
        name = path.relative_to(root).as_posix().encode()
        contents = path.read_bytes()
        digest.update(b"%d %d\n" % (len(name), len(contents)) + name + contents)
    return digest.hexdigest()


def source_files(root: Path, image: str) -> tuple[Path, ...]:
    """The files that an image's hash covers: its sources, the Dockerfile among them, and its lock.

    Raises:
        ImageSourceError: no such image, or its lock is missing.
    """
    return (*_sources(root), _lock(root, image))


def image_reference(*, root: Path, image: str, account: str, region: str) -> str:
    """``ACCOUNT.dkr.ecr.REGION.amazonaws.com/chem-endpoints:<source hash>``.

    Raises:
        ImageSourceError: no such image, or its lock is missing.
    """
    return f"{account}.dkr.ecr.{region}.amazonaws.com/{REPOSITORY}:{source_hash(root, image)}"


def _lock(root: Path, image: str) -> Path:
    if image not in LOCKS:
        raise ImageSourceError(f"{image}: no such image; choose one of {', '.join(LOCKS)}")
    lock = root / LOCKS[image]
    if not lock.is_file():
        raise ImageSourceError(f"{LOCKS[image]}: no such file, but image {image} installs it; bring it back from git")
    return lock


def _sources(root: Path) -> list[Path]:
    return sorted(
        path
        for source in SOURCES
        for path in (root / source, *(root / source).rglob("*"))
        if path.is_file() and _belongs(path.relative_to(root))
    )


def _belongs(path: PurePath) -> bool:
    """False for what editors, checkers and Python leave behind."""
    hidden = any(part.startswith(".") for part in path.parts)
    return not hidden and not _IGNORED_PARTS.intersection(path.parts) and path.suffix != ".pyc"
