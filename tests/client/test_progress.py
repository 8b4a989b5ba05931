"""Promise: the progress line tells rows, failures and what is waited for, and nothing where nobody watches."""

import os
import subprocess
import sys
from pathlib import Path

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


def test_a_notebook_without_widgets_gets_the_line_and_no_warning(tmp_path: Path) -> None:
    pytest.importorskip("ipykernel")
    code = """
import ipykernel.zmqshell  # by which a notebook is told from a terminal
from chem_endpoints.client.progress import Progress

with Progress(2, "logs-v1", True) as line:
    line.advance(2)
"""
    env = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    told = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert "logs-v1" in told.stderr
    assert "Warning" not in told.stderr
