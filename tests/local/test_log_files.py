"""Promise: log files are followed while they grow and are renamed, no line twice, each with its time."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from chem_endpoints.local.log_files import LogFiles, container_logs, line_time, logged_endpoints


def texts(files: LogFiles, *, last: bool = False) -> list[str]:
    return [line.text for line in files.lines(last=last)]


def test_each_complete_line_comes_once_and_the_rest_at_the_end(tmp_path: Path) -> None:
    path, files = tmp_path / "v-1.log", LogFiles()
    path.write_text("one\ntwo\nthr")
    files.look([path])
    assert texts(files) == ["one", "two"]
    with path.open("a") as more:
        more.write("ee\nfour")
    assert texts(files) == ["three"]
    assert texts(files, last=True) == ["four"]
    assert texts(files, last=True) == []
    files.close()


def test_a_file_that_is_renamed_goes_on_and_one_that_appears_is_added(tmp_path: Path) -> None:
    starting, files = tmp_path / "v-1.starting.log", LogFiles()
    starting.write_text("one\n")
    files.look([starting])
    assert [line.source for line in files.lines()] == ["v-1"]
    assert not files.several
    final, other = tmp_path / "v-1.log", tmp_path / "v-2.log"
    starting.rename(final)
    with final.open("a") as more:
        more.write("two\n")
    other.write_text("other\n")
    files.look([tmp_path / "gone.log", final, other])
    assert texts(files) == ["two", "other"]
    assert files.several
    files.close()


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ('{"event": "request", "time": "2026-11-27T23:10:00Z"}', datetime(2026, 11, 27, 23, 10, tzinfo=UTC)),
        ('{"event": "request"}', None),
        ("[1]", None),
        ('{"time": 5}', None),
        ("free text", None),
    ],
    ids=["server", "without", "list", "number", "text"],
)
def test_the_time_of_a_line(text: str, time: datetime | None) -> None:
    assert line_time(text) == time


def test_the_services_own_time_is_local() -> None:
    found = line_time("2026-11-27 23:10:00,250 INFO words")
    assert found == datetime(2026, 11, 27, 23, 10, 0, 250_000).astimezone(UTC)


def test_a_line_without_a_time_has_that_of_the_line_above(tmp_path: Path) -> None:
    path, files = tmp_path / "v-1.log", LogFiles()
    path.write_text('first\n{"time": "2026-11-27T23:10:00Z"}\n  traceback\n')
    files.look([path])
    first, timed, below = (line.time for line in files.lines())
    assert first is None
    assert below == timed == datetime(2026, 11, 27, 23, 10, tzinfo=UTC)
    files.close()


def test_the_logs_of_an_endpoint_are_found_by_its_name_in_any_case_and_nothing_else_is(tmp_path: Path) -> None:
    folder = tmp_path / "Logs-v1"
    folder.mkdir()
    (folder / "v-1.log").write_text("")
    (tmp_path / "secret.log").write_text("")
    assert container_logs(tmp_path, "logs-V1") == [folder / "v-1.log"]
    assert container_logs(tmp_path, "..") == []
    assert logged_endpoints(tmp_path) == ["Logs-v1"]
