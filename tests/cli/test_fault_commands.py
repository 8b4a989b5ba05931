"""Promise: `local fault` orders, lists and ends faults of the local AWS, and says why where it cannot."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from chem_endpoints.cli.local_commands import NOT_UP
from chem_endpoints.cli.main import main
from chem_endpoints.local.address import Address, find_running
from chem_endpoints.local.faults.schedule import LIVE_KINDS, MEANINGS, FaultKind
from tests.local.conftest import clients_of, make_clone, start_service, stop_service

COMMANDS = ["add", "list", "clear", "run", "kill-worker"]


def fault(*words: str) -> Result:
    result = CliRunner().invoke(main, ["local", "fault", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    clone = make_clone(tmp_path_factory.mktemp("clone"))
    process = start_service(clone, "-m", "chem_endpoints.local", "--port", "0", "--root", str(clone))
    found = find_running(clone)
    assert found is not None
    yield found
    assert stop_service(process) == 0


@pytest.fixture
def up(address: Address, monkeypatch: pytest.MonkeyPatch) -> Iterator[Address]:
    monkeypatch.chdir(address.root)
    yield address
    fault("clear")


@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_help_shows_an_example(name: str | None) -> None:
    told = fault(*([name] if name else []), "--help")
    assert told.exit_code == 0
    assert "Example" in told.stdout
    assert f"chem-endpoints local fault {name or 'add'}" in told.stdout


def test_help_tells_every_kind_and_what_it_is() -> None:
    assert set(MEANINGS) == set(FaultKind)
    lines = fault("add", "--help").stdout.splitlines()
    assert [
        kind for kind in LIVE_KINDS if not any(f"{kind} " in line and MEANINGS[kind] in line for line in lines)
    ] == []


@pytest.mark.parametrize(
    "words", [("add", "latency"), ("list",), ("clear",), ("kill-worker", "logs-v1")], ids=lambda words: words[0]
)
def test_nothing_is_up(words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cdk.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    told = fault(*words)
    assert (told.exit_code, told.stderr) == (1, f"Error: {NOT_UP}\n")


def test_an_unknown_kind_is_answered_with_all_kinds() -> None:
    told = fault("add", "earthquake")
    assert told.exit_code == 2
    assert [kind for kind in LIVE_KINDS if repr(str(kind)) not in told.stderr] == []


@pytest.mark.end_to_end
def test_a_fault_from_its_order_to_its_end(up: Address) -> None:
    s3 = clients_of(up.url)("s3")
    s3.create_bucket(Bucket="mine")
    assert fault("list").stderr == "No faults.\n"
    told = fault("add", "slow_down", "--operation", "ListObjectsV2", "--after", "1", "--calls", "1")
    number, limits = told.stdout.splitlines()[1].split()[0], "operations=ListObjectsV2 after_calls=1 calls=1"
    assert told.stdout.splitlines()[1].split(maxsplit=5) == [number, "slow_down", "-", "active", "0", limits]
    s3.list_objects_v2(Bucket="mine")
    with pytest.raises(ClientError, match="SlowDown"):
        s3.list_objects_v2(Bucket="mine")
    s3.list_objects_v2(Bucket="mine")
    (one,) = json.loads(fault("list", "--json").stdout)
    assert (one["id"], one["state"], one["struck"]) == (number, "over", 1)
    assert fault("clear", number).stdout == "1 cleared\n"
    assert json.loads(fault("clear", "--json").stdout) == {"cleared": 0}


@pytest.mark.end_to_end
def test_every_option_of_add_arrives(up: Address) -> None:
    words = "--endpoint e --operation InvokeEndpoint --after 1 --calls 2 --for 3 --probability 0.5 --seed 7"
    (one,) = json.loads(fault("add", "latency", *words.split(), "--latency", "0.25", "--json").stdout)
    assert one == {
        "id": one["id"],
        "kind": "latency",
        "state": "active",
        "struck": 0,
        "endpoint": "e",
        "operations": ["InvokeEndpoint"],
        "after_calls": 1,
        "calls": 2,
        "for_seconds": 3.0,
        "probability": 0.5,
        "seed": 7,
        "latency_seconds": 0.25,
    }
    assert json.loads(fault("add", "model_error", "--status", "502", "--json").stdout)[0]["status"] == 502


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("add latency --calls 0 --probability 2", "calls: must be at least 1 (got 0); probability: must be at most 1"),
        ("add slow_down --status 502", "slow_down has a status already: only model_error takes one"),
        ("add lost --operation GetObject", "lost cannot strike GetObject"),
        ("clear 999", "There is no fault 999"),
        ("kill-worker absent", "There is no endpoint absent here"),
    ],
)
@pytest.mark.usefixtures("up")
def test_what_is_refused_says_why_in_one_line(words: str, reason: str) -> None:
    told = fault(*words.split())
    assert told.exit_code == 1
    assert told.stderr.startswith(f"Error: {reason}")
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.end_to_end
def test_a_script_is_begun_as_a_whole(up: Address, tmp_path: Path) -> None:
    example = fault("run", "--help").stdout.partition("may have:\n")[2].partition("Options:")[0]
    script = tmp_path / "outage.yaml"
    script.write_text("\n".join(line.removeprefix("  ") for line in example.splitlines()))
    told = json.loads(fault("run", str(script), "--json").stdout)
    assert [(one["kind"], one["state"]) for one in told] == [
        ("service_unavailable", "waiting"),
        ("latency", "active"),
        ("model_error", "active"),
    ]
    assert told[0]["at_seconds"] == 5


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    ("script", "lines"),
    [
        (
            "faults:\n- kind: earthquake\n- kind: latency\n  cals: 3\n",
            ["outage.yaml: faults.0.kind: ", "outage.yaml: faults.1.cals: is not a known key; did you mean calls?"],
        ),
        ("faults: []\n", ["outage.yaml: faults: "]),
        ("fault: 1\n", ["outage.yaml: faults: is missing", "outage.yaml: fault: is not a known key"]),
        ("- a\n", ["outage.yaml: must be "]),
        ("faults: [\n", ["outage.yaml: is not YAML"]),
    ],
    ids=["mistakes of two faults", "empty", "other keys", "a list", "no YAML"],
)
def test_a_wrong_script_begins_nothing_and_names_every_mistake(
    up: Address, tmp_path: Path, script: str, lines: list[str]
) -> None:
    (tmp_path / "outage.yaml").write_text(script)
    told = fault("run", str(tmp_path / "outage.yaml"))
    assert told.exit_code == 1
    assert [line for line in lines if line not in told.stderr] == [], told.stderr
    assert fault("list").stderr == "No faults.\n"
