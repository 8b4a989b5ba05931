"""An endpoint in memory, with a model that can be replaced and fail, for tests of what stands before an endpoint.

It keeps the contract of `chem_endpoints.Endpoint`: the same columns travel, answers are typed and attached alike.
"""

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from chem_endpoints.client.attach import attach_answer
from chem_endpoints.client.description import ClientSettings, EndpointDescription
from chem_endpoints.client.fates import Fates
from chem_endpoints.client.inputs import as_frame
from chem_endpoints.client.report import REPORT_KEY, Report
from chem_endpoints.client.run import Inferred
from chem_endpoints.client.sent_columns import model_columns
from chem_endpoints.errors import ModelFailedError
from chem_endpoints.wire.answers import assemble_answer
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.features import read_features
from chem_endpoints.wire.manifest import Feature, Manifest, Output
from chem_endpoints.wire.typed_columns import PANDAS_DTYPES
from manifests import small_manifest

BAD, SLOW = "bad", "slow"
"""Structures that fail, and that come back as ``partial``."""

MANIFEST = small_manifest(
    features=(
        Feature(name="smiles", dtype="text"),
        Feature(name="temperature", dtype="float64", missing="allow"),
    ),
    outputs=(
        Output(name="prediction", dtype="float64"),
        Output(name="rings", dtype="int64"),
        Output(name="in_domain", dtype="boolean"),
        Output(name="orig_smiles", dtype="text"),
        Output(name="smiles_used", dtype="text"),
        Output(name="desc3d_status", dtype="text"),
    ),
    on_request={"explain": (Output(name="explain_base", dtype="float64"),)},
)

FIRST_MODEL, SECOND_MODEL = hashlib.sha256(b"first").hexdigest(), hashlib.sha256(b"second").hexdigest()


class StandInEndpoint:
    """Answers from a digest of model and row.

    Attributes:
        model: digest of what is deployed, as each answer carries it.
        tag: digest that the endpoint's tag says, when it differs.
        works: while False every request fails.
        fails_after: rows of a request that are answered before it fails; None: none fails.
        sent: the rows of each request, as the model read them.
    """

    def __init__(self, *, manifest: Manifest | None = MANIFEST, model: str = FIRST_MODEL) -> None:
        self.name = "stand-in"
        self.model, self.tag = model, ""
        self.works = True
        self.fails_after: int | None = None
        self.sent: list[pd.DataFrame] = []
        self.description = EndpointDescription(
            name=self.name,
            kind="realtime",
            manifest=manifest,
            digest=model if manifest else "",
            settings=ClientSettings(),
            captured=False,
            input_uri=None,
        )
        self._last: Inferred | None = None

    def model_digest(self) -> str:
        return self.tag or self.model

    def status(self) -> str:
        return "InService"

    def last_report(self) -> pd.DataFrame:
        assert self._last is not None
        return self._last.fates

    @property
    def rows_sent(self) -> int:
        return sum(len(rows) for rows in self.sent)

    def inference(self, rows: Any, **options: Any) -> pd.DataFrame:
        return self.infer(rows, **options).frame

    def infer(
        self,
        rows: Any,
        *,
        smiles: str | None = None,
        columns: dict[str, str] | None = None,
        drop_error_rows: bool = False,
        explain: bool = False,
        conformers: bool = False,
        suffix: str | None = None,
        **options: Any,
    ) -> Inferred:
        frame = as_frame(rows)
        known = self.description.manifest or MANIFEST
        manifest = known.asked([name for name, on in (("explain", explain), ("conformers", conformers)) if on])
        renamed = {**({smiles: "smiles"} if smiles else {}), **(columns or {})}
        sent = model_columns(frame, manifest.features, renamed)
        answered = len(frame) if self.fails_after is None else min(self.fails_after, len(frame))
        answered = answered if self.works else 0
        read = read_features(sent.frame, manifest.features)
        answers = self._answers(read.frame, manifest, {**read.reasons, **sent.reasons})
        fates = Fates(len(frame))
        given = np.arange(answered)
        if len(frame):
            self.sent.append(read.frame.iloc[:answered])
            fates.asked(np.arange(len(frame)))
            digest = self.model if self.description.manifest else ""
            fates.answered(given, answers[PREDICTION_ERROR].iloc[:answered], digest=digest, bytes_sent=10, seconds=0.5)
        told = [*answers[PREDICTION_ERROR].iloc[:answered], *fates.errors[answered:]]
        answers[PREDICTION_ERROR] = pd.Series(told, dtype="str")
        attached = attach_answer(frame, answers, suffix=suffix)
        report: Report = {
            "endpoint": self.name,
            "model_sha256": self.model_digest(),
            "models": list(fates.digests()),
            "rows": len(frame),
            "predicted": len(frame) - fates.failed,
            "failed": fates.reasons(),
            "requests": int(len(frame) > 0),
            "retries": 0,
            "bytes_sent": 10,
            "replaced": list(attached.replaced),
            "seconds": 0.5 if len(frame) else 0.0,
            "job": "",
        }
        out = attached.frame
        out.attrs[REPORT_KEY] = report
        self._last = Inferred(frame=out, fates=fates.frame(), report=report)
        if answered < len(frame):
            error = ModelFailedError("the model's server failed")
            error.partial = out
            raise error
        if drop_error_rows:
            return Inferred(
                frame=out.loc[(answers[PREDICTION_ERROR] == "").to_numpy()], fates=fates.frame(), report=report
            )
        return self._last

    def _answers(self, read: pd.DataFrame, manifest: Manifest, reasons: dict[int, str]) -> pd.DataFrame:
        reasons = {**reasons, **{i: "invalid_smiles: no" for i, text in enumerate(read["smiles"]) if text == BAD}}
        seeds = [self._seed(row) for row in read.itertuples(index=False)]
        values: dict[str, list[Any]] = {
            "prediction": [[np.nan, np.inf, -0.0][s % 7] if s % 7 < 3 else s / 7.0 for s in seeds],
            "rings": [None if s % 5 == 0 else 2**62 + s % 1000 for s in seeds],
            "in_domain": [[None, True, False][s % 3] for s in seeds],
            "orig_smiles": read["smiles"].tolist(),
            "smiles_used": [f"ü{s}" for s in seeds],
            "desc3d_status": ["partial" if text == SLOW else "ok" for text in read["smiles"]],
            "explain_base": [s / 3.0 for s in seeds],
        }
        columns = {
            output.name: pd.Series(values[output.name], dtype=PANDAS_DTYPES[output.dtype])
            for output in manifest.outputs
        }
        return assemble_answer(pd.DataFrame(columns), manifest.outputs, rows=len(read), reasons=reasons)

    def _seed(self, row: Any) -> int:
        return int.from_bytes(hashlib.sha256(f"{self.model}|{row!r}".encode()).digest()[:6], "big")
