"""``chem-endpoints image``: build the container images of a clone, and report what they hold."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chem_endpoints.spec.image_source import IMAGES

if TYPE_CHECKING:
    from chem_endpoints.image.engine import Engine

DEFAULT_IMAGES = ("base", "deep")
"""What is built and reported when no image is named: what runs on CPU instances."""

PROBLEMS_STATUS = 1
"""Exit status of a report that names something which must not ship."""

_ENGINES = ("docker", "podman", "buildah")

images_argument = click.argument("images", metavar="[IMAGE]...", nargs=-1, type=click.Choice(list(IMAGES)))
engine_option = click.option(
    "--engine",
    type=click.Choice(_ENGINES),
    default=None,
    help="Default: the first that answers, or CHEM_ENDPOINTS_ENGINE.",
)


@click.group()
def image() -> None:
    """Build the container images from this clone, and report what they hold.

    \b
    Example:
      chem-endpoints image build base
    """


@image.command()
@images_argument
@engine_option
@click.option("--base-image", default=None, metavar="REF", help="A mirror's name of the pinned base image.")
@click.option("--look-alike", is_flag=True, help="Where no registry answers: upon Debian's packages, for tests only.")
@click.option("--no-cache", is_flag=True, help="Run every step again, for the newest packages of the system.")
def build(
    images: tuple[str, ...], engine: str | None, base_image: str | None, look_alike: bool, no_cache: bool
) -> None:
    """Build IMAGE (base, deep or deep-gpu) with docker, podman or buildah; default: base and deep.

    What the engine tells goes to the terminal; then follow the image's name and what building took. An image that
    was built from the same sources upon the same base image is kept.

    \b
    Examples:
      chem-endpoints image build
      chem-endpoints image build base --engine podman --base-image registry.example.com/python:3.11-slim-bookworm
      chem-endpoints image build --look-alike
    """
    from chem_endpoints.cli.clone import require_clone
    from chem_endpoints.image.build import build as build_image
    from chem_endpoints.image.engine import find_builder

    if base_image and look_alike:
        raise click.UsageError("--base-image names the base image, --look-alike makes one: give one of them")
    root = require_clone()
    with _failures_told():
        builder = find_builder(engine)
        if look_alike:
            from chem_endpoints.image.look_alike import base_image as choose

            chosen = choose(root, builder)
            base_image = chosen.reference
            click.echo(f"base image: {base_image or 'the pinned one'}, because {chosen.why}", err=True)
        for name in images or DEFAULT_IMAGES:
            built = build_image(root, name, engine=builder, base_image=base_image, cache=not no_cache)
            done = f"built in {built.seconds:.1f} s" if built.is_new else "kept: its sources are unchanged"
            click.echo(f"{built.reference}: {done} ({builder.name})")


@image.command()
@images_argument
@engine_option
@click.option(
    "--output",
    default="image-reports",
    show_default=True,
    metavar="DIR",
    type=click.Path(file_okay=False, writable=True, path_type=Path),
    help="Folder for the reports.",
)
@click.option("--offline", is_flag=True, help="Do not ask the advisory service for known vulnerabilities.")
@click.option("--strict", is_flag=True, help="It is a problem too when the advisory service does not answer.")
def report(images: tuple[str, ...], engine: str | None, output: Path, offline: bool, strict: bool) -> None:
    """Report what the built IMAGE holds: size, largest packages, licences, SBOM, leftovers, known vulnerabilities.

    Exits with 1 where something must not ship: an image larger than its budget, packages unlike its lock, an image of
    other sources than this clone's.

    \b
    Example:
      chem-endpoints image report base --output reports
    """
    from chem_endpoints.cli.clone import require_clone

    if offline and strict:
        raise click.UsageError("--strict wants an answer of the advisory service, --offline does not ask: give one")
    root = require_clone()
    with _extra_required():
        from chem_endpoints.image.build import export
        from chem_endpoints.image.engine import find_builder, local_name
        from chem_endpoints.image.locks import LockError
        from chem_endpoints.image.report import write_report

    chosen = images or DEFAULT_IMAGES
    problems: list[str] = []
    with _failures_told(LockError):
        builder = find_builder(engine)
        _require_built(builder, chosen)
        output.mkdir(parents=True, exist_ok=True)
        for name in chosen:
            with tempfile.TemporaryDirectory(prefix="chem-endpoints-report-") as named:
                folder = Path(named)
                export(builder, local_name(name), folder)
                written = write_report(folder, image=name, output=output, root=root, ask=not offline, strict=strict)
            click.echo(written.text)
            problems += [f"{name}: {problem}" for problem in written.problems]
    for problem in problems:
        click.echo(f"Error: {problem}", err=True)
    if problems:
        raise SystemExit(PROBLEMS_STATUS)


def _require_built(builder: "Engine", images: Iterable[str]) -> None:
    from chem_endpoints.image.engine import local_name
    from chem_endpoints.image.storage import labels

    for name in images:
        if labels(builder, local_name(name)) is None:
            raise click.ClickException(f"{local_name(name)} is not built here: chem-endpoints image build {name}")


@contextmanager
def _extra_required() -> Iterator[None]:
    """Tells in one line how to install a library that is missing."""
    try:
        yield
    except ModuleNotFoundError as missing:
        library = (missing.name or "").partition(".")[0]
        if library == "chem_endpoints":
            raise
        told = f"the report needs {library}, which is not installed: pip install 'chem-endpoints[image]'"
        raise click.ClickException(told) from None


@contextmanager
def _failures_told(*others: type[Exception]) -> Iterator[None]:
    """Tells in one line what a machine lacks or a build ended with; ``others`` are what else may fail."""
    from chem_endpoints.image.build import BuildError
    from chem_endpoints.image.contents import ContentsError
    from chem_endpoints.image.docker_archive import ArchiveError
    from chem_endpoints.image.engine import EngineError
    from chem_endpoints.spec.image_source import ImageSourceError

    own = (ArchiveError, BuildError, ContentsError, EngineError, ImageSourceError, OSError)
    failures: tuple[type[Exception], ...] = (*own, *others)
    try:
        yield
    except failures as error:
        raise click.ClickException(str(error)) from None
