"""From a SageMaker Model to what its server process needs: the checked image, the unpacked bundle, the variables."""

import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.settings import Settings
from chem_endpoints.spec.image_source import LOCKS, REPOSITORY, image_reference
from chem_endpoints.wire.bundle import BundleError, unpack
from chem_endpoints.wire.environment import MODEL_DIR

_PIECE_BYTES = 1 << 16
"""Of a download; its time is looked at after each."""


class HostingError(Exception):
    """An endpoint cannot serve; the message is its FailureReason."""


@dataclass(frozen=True, kw_only=True)
class ModelFolder:
    """An unpacked model and the environment of its server."""

    folder: Path
    image: str
    environment: dict[str, str]

    def remove(self) -> None:
        """Deletes the folder; the processes that read it must have ended."""
        shutil.rmtree(self.folder, ignore_errors=True)


def unpack_model(
    name: str, *, region: str, settings: Settings, clients: OwnClients, seconds: float | None = None
) -> ModelFolder:
    """Checks a Model's image and unpacks its artifact.

    Args:
        name: the Model.
        region: where it is.
        settings: where bundles are unpacked.
        clients: boto3 clients of this local AWS.
        seconds: time for the artifact to be there and unpacked (ModelDataDownloadTimeoutInSeconds); None: no limit.

    Raises:
        HostingError: the Model is missing, its image is not this clone's code, or its artifact is unusable or late.
    """
    container = _container(name, region, clients)
    image = str(container.get("Image", ""))
    check_image(image, region, settings)
    settings.models.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{name[:40]}-", dir=settings.models))
    environment = {**container.get("Environment", {}), MODEL_DIR: str(folder)}
    model = ModelFolder(folder=folder, image=image, environment=environment)
    try:
        if url := container.get("ModelDataUrl"):
            _download(url, folder, clients("s3", region), _limit(url, seconds))
    except HostingError:
        model.remove()
        raise
    return model


def _container(name: str, region: str, clients: OwnClients) -> dict[str, Any]:
    try:
        model = clients("sagemaker", region).describe_model(ModelName=name)
    except ClientError as error:
        raise HostingError(f"Could not find model {name}") from error
    container: dict[str, Any] | None = model.get("PrimaryContainer")
    if container is None:
        raise HostingError(f"Model {name} has no PrimaryContainer; the local AWS runs single containers only")
    return container


def check_image(image: str, region: str, settings: Settings) -> None:
    """Only the code that the template names may run: another would answer with other numbers, unseen.

    Outside a clone there are no locks, by which alone the tag could be known: there the installed package runs for
    every tag of our repository.

    Raises:
        HostingError: this clone's code is another.
    """
    is_ours = image.rpartition(":")[0].endswith(f"/{REPOSITORY}")
    known = [name for name in settings.images if (settings.root / LOCKS[name]).is_file()]
    if is_ours and not known:
        return
    expected = {name: image_reference(root=settings.root, image=name, account=ACCOUNT, region=region) for name in known}
    if image in expected.values():
        return
    if not is_ours:
        raise HostingError(
            f"The image {image} is not in the repository {REPOSITORY}. The local AWS runs the code of this clone and "
            "knows it by its tag: deploy a stage whose `images` is source or codebuild"
        )
    here = ", ".join(f"{name}: {reference.rpartition(':')[2]}" for name, reference in expected.items())
    raise HostingError(
        f"The image {image} is not the code of this clone (tag {image.rpartition(':')[2]}; this clone gives {here}). "
        "The code changed since the deployment: deploy again from this clone"
    )


def _limit(url: str, seconds: float | None) -> Callable[[], None]:
    """Raises HostingError once the time from now is over."""
    deadline = time.monotonic() + seconds if seconds is not None else float("inf")

    def check() -> None:
        if time.monotonic() > deadline:
            raise HostingError(f"The model data at {url} was not downloaded and unpacked within {seconds:g} s")

    return check


def _download(url: str, folder: Path, s3: Any, check_time: Callable[[], None]) -> None:
    bucket, key = s3_location(url)
    archive = folder.with_name(f"{folder.name}.tar.gz")
    try:
        # Not download_file: an exception of its callback would leave the connection open.
        with closing(s3.get_object(Bucket=bucket, Key=key)["Body"]) as body, archive.open("wb") as file:
            for piece in body.iter_chunks(_PIECE_BYTES):
                file.write(piece)
                check_time()
        unpack(archive, folder)
        check_time()
    except ClientError as error:
        raise HostingError(f"Could not access model data at {url}: {error.response['Error']['Code']}") from error
    except BundleError as error:
        raise HostingError(f"Could not unpack the model data at {url}: {error}") from error
    finally:
        archive.unlink(missing_ok=True)


def s3_location(url: str) -> tuple[str, str]:
    """Bucket and key of an ``s3://`` or path-style ``https://`` URL."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return parts.netloc, url.split("/", 3)[3] if url.count("/") > 2 else ""
    bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
    if not parts.hostname or parts.hostname.startswith("s3"):
        return bucket, key
    return parts.hostname.split(".")[0], unquote(parts.path).lstrip("/")
