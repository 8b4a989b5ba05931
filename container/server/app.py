"""The HTTP application: SageMaker's two paths, and four that describe the model."""

import time
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from container.server.docs_page import docs_page
from container.server.invocations import invoke
from container.server.openapi import describe_model
from container.server.pool import WorkerPool
from container.server.settings import Settings


def _pool(request: Request) -> WorkerPool:
    pool: WorkerPool = request.app.state.pool
    return pool


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


Pool = Annotated[WorkerPool, Depends(_pool)]
ServerSettings = Annotated[Settings, Depends(_settings)]


def create_app(settings: Settings, pool: WorkerPool) -> FastAPI:
    """The application around a started pool."""
    manifest = pool.introduction.manifest
    app = FastAPI(title=f"{settings.endpoint_name}: {manifest.target.name}", docs_url=None, redoc_url=None)
    app.state.pool, app.state.settings = pool, settings

    @app.get("/ping", summary="Is the model ready?", responses={503: {"description": "no worker is left"}})
    async def ping(pool: Pool) -> Response:
        return Response(status_code=200 if pool.alive else 503)

    @app.post("/invocations", summary="Predict", openapi_extra=describe_model(manifest))
    async def invocations(request: Request, pool: Pool, settings: ServerSettings) -> Response:
        return await invoke(request, pool=pool, settings=settings)

    @app.get("/model", summary="The model card")
    async def model(pool: Pool) -> dict[str, Any]:
        card = pool.introduction.manifest.model_dump(mode="json", exclude={"golden"})
        return {"model_sha256": pool.introduction.digest, **card}

    @app.get("/health", summary="Details of the running server")
    async def health(pool: Pool, settings: ServerSettings) -> dict[str, Any]:
        return {
            "endpoint": settings.endpoint_name,
            "model_sha256": pool.introduction.digest,
            "loaded_at": _iso(pool.introduction.loaded_at),
            "golden_rows_replayed_at": _iso(pool.started_at or 0),
            "workers": pool.pids,
            "workers_are_forked": pool.introduction.forkable,
            "worker_restarts": pool.restarts,
            "waiting": pool.waiting,
        }

    @app.get("/docs", include_in_schema=False)
    async def docs(pool: Pool, settings: ServerSettings) -> HTMLResponse:
        return HTMLResponse(docs_page(settings.endpoint_name, pool.introduction.digest, pool.introduction.manifest))

    return app


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
