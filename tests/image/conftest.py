"""Engines and images for the tests. Where this machine cannot build or run, they skip and say what is missing."""

import hashlib
from pathlib import Path
from typing import NoReturn

import pytest

from chem_endpoints.image import look_alike
from chem_endpoints.image.build import Built, build
from chem_endpoints.image.engine import Engine, EngineError, find_builder, find_runner
from chem_endpoints.image.isolation import isolated_network
from chem_endpoints.spec.image_source import source_hash

PASSED = ".image-tests/deep"
"""Holds a hash of what the deep image's tests last passed with here: its sources, the tests and the rules."""

_RULES = ("tests/image", "tests/contract", "chem_endpoints/image")
_DEEP_HASH = pytest.StashKey[str]()
_INCOMPLETE = pytest.StashKey[bool]()
"""There, when something that was to be tested was not: it was left out, or this machine lacks what it needs."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """For `make test-image`: the deep image takes minutes."""
    help_text = "skip the deep image's tests where its sources are those that they last passed with on this machine"
    parser.addoption("--deep-when-changed", action="store_true", help=help_text)
    parser.addoption("--without-deep", action="store_true", help="skip the deep image's tests")


def pytest_deselected(items: list[pytest.Item]) -> None:
    """A run of some of the tests says nothing of the others."""
    for item in items:
        if item.get_closest_marker("image"):
            item.config.stash[_INCOMPLETE] = True


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remembers what the deep image's tests passed with."""
    tested = session.config.stash.get(_DEEP_HASH, None)
    files = {item.path for item in session.items}
    whole = all(path in files for path in Path(__file__).parent.glob("test_*.py") if "mark.image" in path.read_text())
    incomplete = not whole or session.config.stash.get(_INCOMPLETE, False)
    if tested is not None and exitstatus == pytest.ExitCode.OK and not incomplete:
        passed = session.config.rootpath / PASSED
        passed.parent.mkdir(exist_ok=True)
        passed.write_text(tested, encoding="utf-8")


def _lacks(config: pytest.Config, error: EngineError) -> NoReturn:
    config.stash[_INCOMPLETE] = True
    pytest.skip(str(error))


def _tested_with(root: Path) -> str:
    digest = hashlib.sha256(source_hash(root, "deep").encode())
    for path in sorted(path for rules in _RULES for path in (root / rules).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@pytest.fixture(scope="session")
def engine(pytestconfig: pytest.Config) -> Engine:
    """What builds images here."""
    try:
        return find_builder()
    except EngineError as error:
        _lacks(pytestconfig, error)


@pytest.fixture(scope="session")
def runner(pytestconfig: pytest.Config) -> Engine:
    """What runs containers here, without a way out of their network."""
    try:
        found = find_runner()
        with isolated_network(found):
            return found
    except EngineError as error:
        _lacks(pytestconfig, error)


@pytest.fixture(scope="session")
def bottom(pytestconfig: pytest.Config, root: Path, engine: Engine) -> look_alike.BaseImage:
    """What the images are built upon: the pinned base image, or its look-alike."""
    try:
        return look_alike.base_image(root, engine)
    except EngineError as error:
        _lacks(pytestconfig, error)


@pytest.fixture(scope="session")
def built_base(root: Path, engine: Engine, bottom: look_alike.BaseImage) -> Built:
    """The image for RDKit and XGBoost, built from this clone."""
    return build(root, "base", engine=engine, base_image=bottom.reference)


@pytest.fixture(scope="session")
def built_deep(pytestconfig: pytest.Config, root: Path, engine: Engine, bottom: look_alike.BaseImage) -> Built:
    """The image for ChemProp, built from this clone."""
    if pytestconfig.getoption("--without-deep"):
        pytestconfig.stash[_INCOMPLETE] = True
        pytest.skip("the deep image is left out: --without-deep")
    if pytestconfig.getoption("--deep-when-changed"):
        current, passed = _tested_with(root), root / PASSED
        if passed.is_file() and passed.read_text(encoding="utf-8") == current:
            pytest.skip(f"the deep image's sources and tests are unchanged since they passed here ({PASSED})")
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
