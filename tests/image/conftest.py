"""Engines and images for the tests. Where this machine cannot build or run, they skip and say what is missing."""

from pathlib import Path

import pytest

from chem_endpoints.image import look_alike
from chem_endpoints.image.build import Built, build
from chem_endpoints.image.engine import Engine, EngineError, find_builder, find_runner
from chem_endpoints.image.isolation import isolated_network
from chem_endpoints.spec.image_source import source_hash

PASSED = ".image-tests/deep"
"""Holds the source hash that the deep image's tests last passed with here."""

_DEEP_HASH = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """For `make test-image`: the deep image takes minutes."""
    help_text = "skip the deep image's tests where its sources are those that they last passed with on this machine"
    parser.addoption("--deep-when-changed", action="store_true", help=help_text)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remembers what the deep image's tests passed with."""
    tested = session.config.stash.get(_DEEP_HASH, None)
    if tested is not None and exitstatus == pytest.ExitCode.OK:
        passed = session.config.rootpath / PASSED
        passed.parent.mkdir(exist_ok=True)
        passed.write_text(tested, encoding="utf-8")


@pytest.fixture(scope="session")
def engine() -> Engine:
    """What builds images here."""
    try:
        return find_builder()
    except EngineError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def runner() -> Engine:
    """What runs containers here, without a way out of their network."""
    try:
        found = find_runner()
        with isolated_network(found):
            return found
    except EngineError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def bottom(root: Path, engine: Engine) -> look_alike.BaseImage:
    """What the images are built upon: the pinned base image, or its look-alike."""
    try:
        return look_alike.base_image(root, engine)
    except EngineError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def built_base(root: Path, engine: Engine, bottom: look_alike.BaseImage) -> Built:
    """The image for RDKit and XGBoost, built from this clone."""
    return build(root, "base", engine=engine, base_image=bottom.reference)


@pytest.fixture(scope="session")
def built_deep(pytestconfig: pytest.Config, root: Path, engine: Engine, bottom: look_alike.BaseImage) -> Built:
    """The image for ChemProp, built from this clone."""
    if pytestconfig.getoption("--deep-when-changed"):
        current, passed = source_hash(root, "deep"), root / PASSED
        if passed.is_file() and passed.read_text(encoding="utf-8") == current:
            pytest.skip(f"the deep image's sources are unchanged since its tests passed here ({PASSED})")
        pytestconfig.stash[_DEEP_HASH] = current
    return build(root, "deep", engine=engine, base_image=bottom.reference)


@pytest.fixture(scope="session")
def base_image(built_base: Built) -> str:
    """What the image for RDKit and XGBoost is called."""
    return built_base.reference


@pytest.fixture(scope="session")
def deep_image(built_deep: Built) -> str:
    """What the image for ChemProp is called."""
    return built_deep.reference
