"""A process that asks through a cache, to be killed: ``cache_writer.py FOLDER FIRST ROWS AT_ONCE``.

Asks for ``ROWS`` molecules from number ``FIRST`` on, so many at once, and writes each number once it is answered.
"""

import sys

import pandas as pd

from cached_endpoints import StandInEndpoint
from chem_endpoints.client.cache.cache import InferenceCache


def numbered(first: int, last: int) -> pd.DataFrame:
    return pd.DataFrame({"smiles": [f"C{n}" for n in range(first, last)], "temperature": 1.0})


if __name__ == "__main__":
    folder, first, rows, at_once = sys.argv[1], *(int(word) for word in sys.argv[2:5])
    cached = InferenceCache(StandInEndpoint(), store=folder)
    for start in range(first, first + rows, at_once):
        cached.inference(numbered(start, min(start + at_once, first + rows)))
        print(start, flush=True)
