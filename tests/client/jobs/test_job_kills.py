"""Promise: a process that works on a job may be killed at any call; another one gives the same bytes.

Real processes with real boto3 over HTTP; ``python -m benchmarks.job_kills`` does the same 200 times on 100 000 rows.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.job_kills.rounds import Assassin, Kills, stored_job
from benchmarks.job_kills.victims import Place, fetch, submit_and_fetch

ROWS, ROWS_PER_CHUNK = 600, 30


@pytest.fixture(scope="module", params=[("async", 12), ("realtime", 8)], ids=["async", "realtime"])
def kills(request: pytest.FixtureRequest) -> tuple[Kills, int]:
    """The uninterrupted run, which all rounds of a kind share, and how many rounds there are."""
    kind, times = request.param
    return Kills(kind=kind, count=ROWS, rows_per_chunk=ROWS_PER_CHUNK), times


def test_another_process_gives_the_same_bytes_and_sends_no_finished_request_again(kills: tuple[Kills, int]) -> None:
    runs, times = kills
    endings = [runs.round(number) for number in range(times)]
    assert all(ending.same for ending in endings)
    assert [ending.sent_again for ending in endings] == [0] * times
    assert sum(ending.killed for ending in endings) >= times // 2
    assert any(not ending.submitted_again for ending in endings if ending.killed)


def test_two_processes_may_fetch_one_result_at_once(kills: tuple[Kills, int], tmp_path: Path) -> None:
    runs, _ = kills
    expected, _, calls = runs.uninterrupted
    with runs.served(Assassin(at=calls * 2 // 3)) as (machine, place, assassin):
        runs.work(submit_and_fetch, place, runs.frame, assassin=assassin)
        job_id = stored_job(machine, place)
        assert job_id is not None
        places = [Place(url=place.url, folder=place.folder, own=tmp_path / name) for name in ("one", "two")]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda each: runs.work(fetch, each, job_id), places))
        assert [each.result.read_bytes() for each in places] == [expected, expected]
