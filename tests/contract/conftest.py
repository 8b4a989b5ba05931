"""The server that the clauses are asked of: ours, or the one at ``--base-url``."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from server_processes import LENGTHS, starting, write_own_script_bundle
from tests.contract.clauses import CLAUSES, Audience
from tests.contract.target import Target

OUR_CSV = b"smiles\nCCO\nc1ccccc1\nCC(=O)O\n"
OUR_JSON = b'[{"smiles": "CCO"}, {"smiles": "c1ccccc1"}]'


def pytest_addoption(parser: pytest.Parser) -> None:
    """A running server, and files with bodies that its model takes."""
    group = parser.getgroup("contract", "the SageMaker hosting contract (tests/contract)")
    group.addoption("--base-url", metavar="URL", help="a running server, e.g. http://127.0.0.1:8080; default: ours")
    group.addoption("--model-csv", metavar="FILE", type=Path, help="a header line and some different rows")
    group.addoption("--model-json", metavar="FILE", type=Path, help="a JSON body")


def pytest_configure(config: pytest.Config) -> None:
    """Declares the mark that ties a test to its clause."""
    config.addinivalue_line("markers", "clause(number): the clause of the hosting contract that a test asks for")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says of each clause whether the server at ``--base-url`` keeps it."""
    if not config.getoption("--base-url", default=None):
        return
    verdicts: dict[str, str] = {}
    for outcome, verdict in (("skipped", "skipped"), ("passed", "kept"), ("error", "BROKEN"), ("failed", "BROKEN")):
        for report in terminalreporter.stats.get(outcome, []):
            verdicts.update({value: verdict for key, value in report.user_properties if key == "clause"})
    terminalreporter.section("the hosting contract, clause by clause")
    for number, verdict in sorted(verdicts.items()):
        terminalreporter.line(f"{number} {verdict:7} {CLAUSES[number].promise}")


@pytest.fixture(scope="session")
def base_url(pytestconfig: pytest.Config) -> str | None:
    """Address of the server under test; ``None``: our own is started."""
    url: str | None = pytestconfig.getoption("--base-url", default=None)
    return url.rstrip("/") if url else None


@pytest.fixture(scope="session")
def target(
    base_url: str | None, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """The server under test."""
    if base_url is not None:
        ours = _is_ours(base_url)
        csv = _body(pytestconfig, "--model-csv") or OUR_CSV
        json = _body(pytestconfig, "--model-json") or (OUR_JSON if ours else None)
        with contextlib.closing(Target(base_url=base_url, csv=csv, json=json, ours=ours)) as given:
            yield given
        return
    with starting(tmp_path_factory.mktemp("contract")) as start:
        server = start(write_own_script_bundle(tmp_path_factory.mktemp("bundle")))
        address = f"http://127.0.0.1:{server.port}"
        with contextlib.closing(Target(base_url=address, csv=OUR_CSV, json=OUR_JSON, ours=True)) as own:
            yield own


def _body(config: pytest.Config, option: str) -> bytes | None:
    file: Path | None = config.getoption(option, default=None)
    return file.read_bytes() if file else None


def _is_ours(base_url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError, ValueError):
        return "model_sha256" in httpx.get(f"{base_url}/health").json()
    return False


@pytest.fixture(autouse=True)
def _bound_by_the_clause(request: pytest.FixtureRequest, base_url: str | None) -> None:
    """Names the clause in the report; skips one that does not bind the server at ``--base-url``, and says why."""
    mark = request.node.get_closest_marker("clause")
    if mark is None:
        if base_url is not None:
            pytest.skip("this test is about the suite, not about a server")
        return
    (number,) = mark.args
    request.node.user_properties.append(("clause", number))
    if base_url is None:
        return
    audience = CLAUSES[number].audience
    if audience is Audience.PROCESS:
        pytest.skip("this clause starts and stops processes; --base-url gives an address only")
    if audience is Audience.OURS and not request.getfixturevalue("target").ours:
        pytest.skip("this clause is about Chem Endpoints' own codes and formats; the server is another")


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Starts servers of ours that are stopped when the test ends."""
    with starting(tmp_path) as start:
        yield start


@pytest.fixture
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes the folder of a bundle with its own script."""

    def make(source: str = LENGTHS, **changes: Any) -> Path:
        return write_own_script_bundle(tmp_path_factory.mktemp("bundle"), source, **changes)

    return make
