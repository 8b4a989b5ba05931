"""Peer (b): one uvicorn worker with the handler of the Workbench endpoint article.

Bodies are parsed and written on the event loop; the prediction runs in the thread pool.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from benchmarks.peers.frame_codec import CSV, input_fn, load_script, output_fn


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Loads the model before the first request."""
    app.state.script, app.state.model = load_script()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/ping")
def ping() -> Response:
    """Healthy as soon as there is a model."""
    return Response(status_code=200)


@app.post("/invocations")
async def invocations(request: Request) -> Response:
    """DataFrame in, DataFrame out."""
    frame = input_fn(await request.body(), request.headers.get("content-type", CSV))
    predicted = await run_in_threadpool(app.state.script.predict_fn, frame, app.state.model)
    text, content_type = output_fn(predicted, request.headers.get("accept", CSV))
    return Response(text, media_type=content_type)
