"""Promise: docs/benchmarks.md and the README's table say what the recorded runs found, misses first, and a run that
ends early costs no other run's figures."""

import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from benchmarks.figures import Figure, Verdict
from benchmarks.scoreboard import record
from benchmarks.scoreboard.benchmarks import BENCHMARKS, BY_KEY, Benchmark, Need, Reader
from benchmarks.scoreboard.page import BEGIN, END, MarkersError, comparison, missed, page, summary, with_comparison
from benchmarks.scoreboard.record import Machine, Record
from benchmarks.scoreboard.run import UnfinishedError, replaces, run

RECORDS = record.read_all()


def benchmark(module: str, *arguments: str) -> Benchmark:
    return Benchmark(
        key="short", module=module, measures="x", reader=Reader.MAINTAINER, minutes=1, full=arguments, quick=arguments
    )


def recorded(*figures: Figure, quick: bool = False, by_hand: str = "") -> Record:
    return Record(
        command="benchmarks.client", quick=quick, date="2026-01-01 00:00", commit="c0ffee", changed=False, seconds=1,
        load=0.5, exit_status=0, machine=Machine(processor="p", cores=2), versions={}, figures=figures, by_hand=by_hand,
    )  # fmt: skip


def test_the_page_is_what_the_records_give(root: Path) -> None:
    written = (root / "docs/benchmarks.md").read_text(encoding="utf-8")
    assert written == page(RECORDS), "write it with: make bench-page"


def test_the_readme_shows_the_recorded_comparison(root: Path) -> None:
    written = (root / "README.md").read_text(encoding="utf-8")
    assert written == with_comparison(written, RECORDS), "write it with: make bench-page"


def test_every_missed_target_is_listed_before_all_others() -> None:
    text = page(RECORDS)
    listed = text[text.index("## Missed") : text.index("## Run them")]
    failed = [figure for each in RECORDS.values() for figure in each.figures if figure.verdict is Verdict.FAIL]
    assert listed.count("| [") == len(failed)
    assert not [figure.name for figure in failed if figure.name not in listed]


def test_a_miss_and_a_hand_made_record_are_told() -> None:
    miss = Figure(name="growth", verdict=Verdict.FAIL, note="25 MB")
    records = {"client": recorded(miss, Figure(name="a", verdict=Verdict.PASS), by_hand="from the run of yesterday")}
    assert summary(records).startswith("1 of 2 targets are met, 1 is [missed](#missed). 1 of ")
    assert "growth | 25 MB" in missed(records)
    assert "*Recorded by hand from the run of yesterday.*" in page(records)
    assert "Not run yet: `make bench ONLY=memory`" in page(records)


def test_a_page_without_a_place_for_the_table_is_refused() -> None:
    with pytest.raises(MarkersError, match=r"README\.md needs the lines"):
        with_comparison("nothing", RECORDS)
    assert with_comparison(f"a\n{BEGIN}\nold\n{END}\nz\n", RECORDS) == f"a\n{BEGIN}\n{comparison(RECORDS)}\n{END}\nz\n"


def test_every_benchmark_that_tells_figures_is_in_the_table(root: Path) -> None:
    telling = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__main__")
        for path in (root / "benchmarks").rglob("*.py")
        if ".peers" not in path.parts and ".exit_status()" in path.read_text(encoding="utf-8")
    }
    assert telling == {each.module for each in BENCHMARKS}


@pytest.mark.parametrize("key", BY_KEY)
def test_the_arguments_are_those_that_the_benchmark_reads(key: str) -> None:
    found = (
        find_spec(f"{BY_KEY[key].module}.__main__") if key.startswith("job_kills") else find_spec(BY_KEY[key].module)
    )
    assert found is not None
    assert found.origin is not None
    source = Path(found.origin).read_text(encoding="utf-8")
    asked = {word for word in (*BY_KEY[key].full, *BY_KEY[key].quick) if word.startswith("--")}
    assert not [word for word in asked if f'"{word}"' not in source]


def test_a_run_is_recorded_with_its_circumstances() -> None:
    found = run(benchmark("benchmarks.isolation", "--placements", "2"), quick=True)
    assert found.command == "benchmarks.isolation --placements 2"
    assert [figure.limit for figure in found.figures] == [1.5, 0.5]
    assert found.machine == record.this_machine()
    assert found.versions["numpy"]
    assert found.seconds
    assert Record.model_validate_json(found.model_dump_json()) == found


def test_a_run_that_does_not_come_to_its_end_is_no_record() -> None:
    with pytest.raises(UnfinishedError, match="short ended with status 2"):
        run(benchmark("benchmarks.isolation", "--no-such-option"), quick=False)
    with pytest.raises(UnfinishedError, match="short ended with status 0 and without figures"):
        run(benchmark("platform"), quick=False)


def test_who_ends_the_scoreboard_ends_the_benchmark() -> None:
    code = (
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        "from benchmarks.scoreboard.run import run\n"
        "from benchmarks.scoreboard.benchmarks import Benchmark, Reader\n"
        "run(Benchmark(key='k', module='http.server', measures='x', reader=Reader.MAINTAINER, minutes=1,"
        " full=('0', '--bind', '127.0.0.1')), quick=False)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=record.ROOT, stdout=subprocess.DEVNULL) as process:
        started = _child(psutil.Process(process.pid), "http.server")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
    assert not started.is_running()


def _child(process: psutil.Process, word: str) -> psutil.Process:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for child in process.children():
            if word in child.cmdline():
                return child
        time.sleep(0.05)
    raise AssertionError(f"no child runs {word}")


def test_a_quick_run_replaces_no_full_one() -> None:
    full, quick, by_hand = recorded(), recorded(quick=True), recorded(by_hand="from a note")
    assert replaces(full, full)
    assert replaces(quick, None)
    assert replaces(quick, quick)
    assert replaces(quick, by_hand)
    assert not replaces(quick, full)


def test_a_record_is_written_whole(tmp_path: Path) -> None:
    path = record.path_of("client", tmp_path)
    record.write(recorded(), path)
    assert record.read(path) == recorded()
    assert [each.name for each in tmp_path.iterdir()] == ["client.json"]
    assert record.read_all(tmp_path) == {"client": recorded()}


def test_what_a_benchmark_lacks_is_told() -> None:
    assert BY_KEY["accuracy_xgboost"].missing(None) == [Need.TABLE]
    assert BY_KEY["accuracy_xgboost"].missing(Path("table.csv")) == []
    assert BY_KEY["isolation"].missing(None) == []
