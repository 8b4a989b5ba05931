"""Stands in for `Endpoint` where a test is about the command line: predicts the length of a SMILES, without any AWS."""

import warnings
from types import SimpleNamespace
from typing import Any, ClassVar

import pandas as pd

from chem_endpoints.client.jobs.job_progress import JobProgress
from chem_endpoints.client.jobs.job_store import Removed
from chem_endpoints.errors import EndpointError, EndpointNotFoundError
from chem_endpoints.wire.manifest import GoldenRows, Manifest, Output
from manifests import small_manifest

DIGEST = "ab" * 32
MANIFEST = small_manifest(
    outputs=(Output(name="prediction", dtype="float64", unit="signs"),),
    on_request={"explain": (Output(name="explain_svg", dtype="text"),)},
    golden=GoldenRows(
        input={"smiles": ["bad", "CCO", "CCN"]},
        output={"prediction": [None, 3.0, 3.0], "prediction_error": ["invalid_smiles: x", "", ""]},
        relative_tolerance=1e-6,
    ),
)


class LengthJob:
    """A job that is done."""

    def __init__(self, identifier: str) -> None:
        self.id = identifier

    created = "2026-11-27T18:30:00+00:00"

    def progress(self) -> JobProgress:
        return JobProgress(total=2, done=2, failed=1, requests=1, finished=1, complete=True, cancelled=False)

    def result(self, frame: pd.DataFrame | None = None) -> pd.DataFrame:
        return LengthEndpoint("logs-v1").inference(LengthEndpoint.submitted[self.id] if frame is None else frame)

    def partial(self, frame: pd.DataFrame | None = None) -> pd.DataFrame:
        return self.result(frame).assign(prediction=None, prediction_error="unsent: not answered yet")

    def cancel(self) -> None:
        del LengthEndpoint.submitted[self.id]

    def purge(self) -> Removed:
        self.cancel()
        return Removed(deleted=3, left=("a",))


class LengthEndpoint:
    """Knows ``logs-v1`` only. A row of ``bad`` fails; a row of ``outage`` ends the call after the rows before it."""

    asked: ClassVar[list[dict[str, Any]]] = []
    submitted: ClassVar[dict[str, pd.DataFrame]] = {}
    interrupted: ClassVar[bool] = False

    def __init__(self, name: str, *, wake_seconds: float = 1200.0) -> None:
        if name != "logs-v1":
            raise EndpointNotFoundError(f"there is no such endpoint here: {name!r}")
        self.name, self.wake_seconds = name, wake_seconds

    @property
    def outputs(self) -> tuple[Output, ...]:
        return MANIFEST.outputs

    @property
    def manifest(self) -> Manifest:
        return MANIFEST

    @property
    def description(self) -> Any:
        return SimpleNamespace(manifest=MANIFEST)

    def inference(self, rows: pd.DataFrame, *, smiles: str | None = None, **options: Any) -> pd.DataFrame:
        self.asked.append({"rows": len(rows), "smiles": smiles, **options})
        if self.interrupted:
            raise KeyboardInterrupt
        texts = rows[smiles or "smiles"].tolist()
        end = texts.index("outage") if "outage" in texts else len(texts)
        if "prediction" in rows:
            warnings.warn("the input's columns ['prediction'] are replaced by the model's answers", stacklevel=2)
        out = rows.assign(
            prediction=[
                float(len(text)) if text not in ("bad", "") and n < end else None for n, text in enumerate(texts)
            ],
            prediction_error=[self._error(text) if n < end else "unsent: x" for n, text in enumerate(texts)],
        )
        out.attrs["report"] = {"model_sha256": DIGEST, "requests": 1, "retries": 0, "seconds": 0.5}
        if end < len(texts):
            error = EndpointError("the model's server failed")
            error.partial = out
            raise error
        return out

    @staticmethod
    def _error(text: str) -> str:
        return {"bad": "invalid_smiles: no structure", "": "missing_value: empty"}.get(text, "")

    def submit(self, rows: pd.DataFrame, **options: Any) -> LengthJob:
        self.asked.append({"rows": len(rows), **options})
        self.submitted["logs-v1.0123456789ab"] = rows
        return LengthJob("logs-v1.0123456789ab")

    @classmethod
    def job(cls, identifier: str) -> LengthJob:
        if identifier not in cls.submitted:
            raise EndpointError(f"there is no job {identifier!r}")
        return LengthJob(identifier)

    def jobs(self) -> list[LengthJob]:
        return [LengthJob(identifier) for identifier in self.submitted]

    def wake(self) -> float:
        self.asked.append({"wake_seconds": self.wake_seconds})
        return 0.5
