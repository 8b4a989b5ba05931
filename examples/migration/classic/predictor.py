"""A classic container's predictor: Flask behind Gunicorn and nginx, CSV without header lines, one pickle."""

import io
import os
import pickle
from pathlib import Path

import pandas as pd
from flask import Flask, Response, request

app = Flask(__name__)
with (Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model")) / "model.pkl").open("rb") as pickled:
    model = pickle.load(pickled)  # noqa: S301 - the habit that the move ends


@app.get("/ping")
def ping() -> Response:
    """Healthy as soon as the pickle is read."""
    return Response(status=200)


@app.post("/invocations")
def invocations() -> Response:
    """Numbers in, one prediction a line out."""
    rows = pd.read_csv(io.BytesIO(request.get_data()), header=None)
    predicted = pd.Series(model.predict(rows.to_numpy()))
    return Response(predicted.to_csv(header=False, index=False), mimetype="text/csv")
