"""What processes use is read from the system itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chem_endpoints.local.scaling.usage import Usage, UsageMeter

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="/proc is Linux's")
WORK = """
import sys, time
end = time.process_time() + 0.3
while time.process_time() < end:
    pass
print("done", flush=True)
sys.stdin.read()
"""


def test_a_busy_process_uses_processor_time_and_memory(tmp_path: Path) -> None:
    meter = UsageMeter()
    with subprocess.Popen(
        [sys.executable, "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        groups = [process.pid]
        first = meter.read(groups, 0.0, tmp_path)[process.pid]
        assert first.cpu is None  # It takes two readings to know.
        assert process.stdout is not None
        assert process.stdout.readline() == b"done\n"
        found = meter.read(groups, 1.0, tmp_path)[process.pid]  # as if a second had passed
        assert found.cpu is not None
        assert 10 <= found.cpu <= 60
        assert 0 < found.memory < 50
        assert 0 < found.disk <= 100
        process.communicate()
    assert meter.read(groups, 2.0, tmp_path) == {}


def test_normalized_processor_time_is_a_share_of_the_machine() -> None:
    shown = Usage(cpu=50.0, memory=1, disk=2).published()
    assert shown["CPUUtilizationNormalized"] == 50 / (os.cpu_count() or 1)
    assert "CPUUtilization" not in Usage(cpu=None, memory=1, disk=2).published()
