"""Promise: no format starts a thread, since processes that are forked later would inherit it stopped."""

import os
import subprocess
import sys

SCRIPT = """
import io, os
import pandas as pd
from chem_endpoints.wire import codec
from chem_endpoints.wire.content_types import PARQUET, WRITABLE
from chem_endpoints.wire.parts import answer_end, arrow_to_parquet, part_writer
from chem_endpoints.wire.row_groups import read_row_groups

threads = lambda: len(os.listdir("/proc/self/task"))
before = threads()
frame = pd.DataFrame({name: range(100_000) for name in "abcd"})
for content_type in WRITABLE:
    body = codec.encode(frame, content_type)
    codec.decode(body, content_type)
    list(read_row_groups(io.BytesIO(body), content_type, group_bytes=100_000))
part = part_writer(PARQUET, frame).part(slice(0, 100_000), frame.add_prefix("added "), first=True)
arrow_to_parquet(io.BytesIO(part + answer_end(PARQUET)), io.BytesIO())
print(threads() - before, before)
"""


def test_no_format_starts_a_thread() -> None:
    environment = {**os.environ, "JE_ARROW_MALLOC_CONF": "background_thread:false", "OPENBLAS_NUM_THREADS": "1"}
    ran = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["0", "1"]
