"""What the processes do: submit a frame and fetch the result, or fetch that of a job."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.client.jobs import job, job_list, open_job, submission, submit
from chem_endpoints.client.jobs.job_store import OUTPUTS
from chem_endpoints.client.user_folders import STATE_VARIABLE
from chem_endpoints.local.faults.simple_models import BAD

PRELOADED = (job, job_list, submission)
"""What a process would otherwise import while its time is taken."""

NAME = "logs-v1"
BAD_EACH = 97
"""One row in so many cannot be predicted."""


def rows(count: int) -> pd.DataFrame:
    """A frame with several types, an index of texts, and some rows that cannot be predicted."""
    texts = [f"{BAD if number % BAD_EACH == 0 else 'C'}{number}" for number in range(count)]
    return pd.DataFrame(
        {
            "smiles": pd.Series(texts, dtype="str"),
            "measured": pd.date_range("2026-01-01", periods=count, freq="min"),
            "batch": pd.Categorical([f"b{number % 7}" for number in range(count)]),
            "weight": [number / 3 for number in range(count)],
            "note": pd.Series([None if number % 5 else number for number in range(count)], dtype="Int64"),
        }
    ).set_index(pd.Index([f"row {number}" for number in range(count)], name="id"))


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a process works.

    Attributes:
        url: the simulated AWS.
        folder: of the state that processes share.
        own: where it leaves its files; default: there too.
    """

    url: str
    folder: Path
    own: Path | None = None

    def answers(self) -> set[str]:
        """Names of the requests whose answers are files."""
        return {path.stem for path in self.folder.rglob(f"{OUTPUTS}*.out")}

    @property
    def result(self) -> Path:
        """The result as a Parquet file."""
        return (self.own or self.folder) / "result.parquet"

    @property
    def seconds(self) -> Path:
        """How long the process worked."""
        return (self.own or self.folder) / "seconds"

    def endpoint(self) -> Endpoint:
        """The endpoint, by boto3's usual settings."""
        os.environ |= {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_DEFAULT_REGION": "us-east-1",
            STATE_VARIABLE: str(self.folder / "state"),
        }
        return Endpoint(NAME)


def submit_and_fetch(place: Place, frame: pd.DataFrame, go: Any) -> None:
    """What the first process does."""
    endpoint = place.endpoint()
    go.wait()
    began = time.monotonic()
    _leave(place, submit(endpoint, frame).result(progress=False), began)


def fetch(place: Place, job_id: str, go: Any) -> None:
    """What the second process does."""
    endpoint = place.endpoint()
    go.wait()
    began = time.monotonic()
    _leave(place, open_job(endpoint, job_id).result(progress=False), began)


def _leave(place: Place, out: pd.DataFrame, began: float) -> None:
    place.seconds.parent.mkdir(exist_ok=True)
    place.seconds.write_text(str(time.monotonic() - began))
    out.attrs.clear()  # the report holds times
    out.to_parquet(place.result)
