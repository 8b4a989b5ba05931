"""Promise: the progress line tells rows, failures and what is waited for, and nothing where nobody watches."""

import pytest

from chem_endpoints.client.progress import Progress


def test_it_tells_rows_failures_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(100, "logs-v1", True) as line:
        line.say("logs-v1 sleeps: waiting for auto scaling to start a copy")
        line._bar.mininterval = 0  # shows every step, so that the test need not wait
        line.advance(40, 3)
        line.advance(60, 0)
        line._bar.refresh()
    told = capsys.readouterr()
    assert told.out == ""
    assert "waiting for auto scaling to start a copy\n" in told.err
    for expected in ("logs-v1", "100/100", "3 failed", "row/s"):
        assert expected in told.err


@pytest.mark.parametrize(("total", "watched"), [(0, True), (10, False)])
def test_it_is_silent_where_nobody_watches_or_nothing_is_sent(
    total: int, watched: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress(total, "logs-v1", watched) as line:
        line.say("waiting")
        line.advance(total, total)
    line.close()
    told = capsys.readouterr()
    assert told.out + told.err == ""


def test_it_ends_after_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), Progress(10, "logs-v1", True) as line:
        raise KeyboardInterrupt
    assert line._bar.disable
