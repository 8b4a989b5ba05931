"""A small server such as many teams write for SageMaker; it knows nothing of Chem Endpoints.

    python tests/contract/foreign_server.py PORT

The suite must be fair to it: what it keeps and what it breaks is listed in docs/contract.md.
"""

import io
import sys

import pandas as pd
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response

app = FastAPI()


@app.get("/ping")
async def ping() -> Response:
    """The model is a formula, hence always there."""
    return Response()


@app.post("/invocations")
async def invocations(request: Request) -> Response:
    """CSV or JSON records in, the same with a column ``prediction`` out."""
    content_type = request.headers.get("content-type", "text/csv").partition(";")[0].lower()
    body = io.BytesIO(await request.body())
    if content_type == "text/csv":
        frame = pd.read_csv(body)
    elif content_type == "application/json":
        frame = pd.read_json(body, orient="records")
    else:
        raise HTTPException(415, f"{content_type} is not supported")
    frame["prediction"] = frame["smiles"].str.len() * 0.5
    if "application/json" in request.headers.get("accept", content_type):
        return Response(frame.to_json(orient="records"), media_type="application/json")
    return Response(frame.to_csv(index=False), media_type="text/csv")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="critical")
