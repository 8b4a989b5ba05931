"""Promise: the images that this clone builds keep their budgets and hold what their locks pin, and nothing else."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from chem_endpoints.image.build import export
from chem_endpoints.image.contents import Contents, File
from chem_endpoints.image.engine import Engine
from chem_endpoints.image.examination import Examination, examine
from chem_endpoints.image.sbom import bill_of_materials

pytestmark = pytest.mark.image

IMAGES = ["base", "deep"]


@pytest.fixture(scope="module", params=IMAGES)
def examined(
    request: pytest.FixtureRequest, engine: Engine, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Examination:
    reference: str = request.getfixturevalue(f"{request.param}_image")
    folder = tmp_path_factory.mktemp("export")
    export(engine, reference, folder)
    try:
        return examine(folder, image=request.param, root=root, ask=False)
    finally:
        for blob in folder.iterdir():
            blob.unlink()


def test_nothing_in_it_must_not_ship(examined: Examination) -> None:
    assert examined.problems == ()


def test_every_python_module_of_the_environment_belongs_to_a_package(examined: Examination) -> None:
    owned = {path for package in examined.python for path in package.files}
    held = {path for path, file in examined.contents.files.items() if path.startswith("opt/venv/lib/") and file.size}
    assert held - owned == set()


def test_packages_take_most_of_the_download(examined: Examination) -> None:
    ours = sum(package.compressed for package in examined.python if package.is_ours)
    assert examined.contents.compressed / 2 < ours < examined.contents.compressed


def test_little_is_downloaded_that_no_container_sees(examined: Examination) -> None:
    assert examined.contents.hidden < examined.contents.compressed / 20


def test_it_runs_as_a_numeric_user_and_serves(examined: Examination) -> None:
    settings = examined.contents.settings
    assert settings.user == "10001:10001"
    assert (settings.entrypoint[-1], settings.command) == ("/opt/program/container/serve", ("serve",))
    assert settings.environment["PYTHONDONTWRITEBYTECODE"] == "1"


def test_the_bill_of_materials_names_every_package(examined: Examination) -> None:
    text = bill_of_materials(examined.contents, image=examined.image, pins=examined.pins)
    python = "PYTHON_VERSION" in examined.contents.settings.environment  # else Debian's packages bring it
    assert text.count('"bom-ref"') == len(examined.python) + len(examined.debian) + python + 1
    assert len(examined.debian) > 50


def test_the_files_read_are_those_that_the_engine_shows(examined: Examination, engine: Engine) -> None:
    if engine.name != "podman" or os.geteuid() != 0:
        pytest.skip("comparing with the engine's own view needs podman as root")
    reference = f"chem-endpoints:{examined.image}"
    mounted = Path(engine.ask("image", "mount", reference).strip())
    try:
        shown = {path: _seen(mounted / path) for path in _below(mounted)}
    finally:
        engine.ask("image", "unmount", reference)
    read = {path: _told(examined.contents, file) for path, file in examined.contents.files.items()}
    assert read == shown


def _below(folder: Path) -> Iterator[str]:
    for above, folders, files in os.walk(folder):
        yield from (str(Path(above, name).relative_to(folder)) for name in (*folders, *files))


def _seen(path: Path) -> tuple[str, int, int, int]:
    found = path.lstat()
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "symlink"}
    kind = kinds.get(stat.S_IFMT(found.st_mode), "other")
    return kind, found.st_size if kind == "file" else 0, stat.S_IMODE(found.st_mode), found.st_uid


def _told(contents: Contents, file: File) -> tuple[str, int, int, int]:
    same = contents.files[file.target] if file.kind == "hardlink" else file
    return same.kind, same.size, same.mode, same.uid
