"""The paths that describe the model. SageMaker's two are answered in front of this application, and described here."""

import functools
import time
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from container.server.dispatcher import Dispatcher
from container.server.model_card import model_card
from container.server.playground_files import PAGE, PageFile, page_files
from container.server.pool import WorkerPool
from container.server.settings import Settings

API_VERSION = "1"
"""Of the HTTP interface; the model's own version is its digest."""


def _pool(request: Request) -> WorkerPool:
    pool: WorkerPool = request.app.state.pool
    return pool


def _dispatcher(request: Request) -> Dispatcher:
    dispatcher: Dispatcher = request.app.state.dispatcher
    return dispatcher


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


Pool = Annotated[WorkerPool, Depends(_pool)]
Queue = Annotated[Dispatcher, Depends(_dispatcher)]
ServerSettings = Annotated[Settings, Depends(_settings)]


def create_app(settings: Settings, pool: WorkerPool, dispatcher: Dispatcher) -> FastAPI:
    """The application around a started pool."""
    app = FastAPI(title=_title(settings, pool), version=API_VERSION, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.pool, app.state.dispatcher, app.state.settings = pool, dispatcher, settings
    app.add_exception_handler(HTTPException, _refuse)  # type: ignore[arg-type]  # Starlette hands it what it names
    described = functools.cache(lambda: _described(app, pool))

    # What takes longer than a moment runs in a thread: the event loop has to answer /ping.
    @app.get("/openapi.json", include_in_schema=False)
    def openapi() -> JSONResponse:
        return JSONResponse(described())

    @app.get("/model", summary="The model card")
    def model(pool: Pool) -> dict[str, Any]:
        found = pool.introduction
        return model_card(found.digest, found.manifest, layout=found.layout, features=found.features)

    @app.get("/health", summary="Details of the running server")
    async def health(pool: Pool, queue: Queue, settings: ServerSettings) -> dict[str, Any]:
        return _health(pool, queue, settings)

    @app.get("/docs", include_in_schema=False)
    def docs(pool: Pool, settings: ServerSettings) -> HTMLResponse:
        from container.server.docs_page import POLICY, docs_page

        found = pool.introduction
        page = docs_page(
            settings.endpoint_name, found.digest, found.manifest, layout=found.layout, features=found.features
        )
        return HTMLResponse(page, headers={"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"})

    @app.get("/", include_in_schema=False)
    async def playground(request: Request) -> Response:
        return _page_file(request, page_files()[PAGE])

    @app.get("/playground/{name}", include_in_schema=False)
    async def playground_file(request: Request, name: str) -> Response:
        if name not in page_files():
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return _page_file(request, page_files()[name])

    return app


def _page_file(request: Request, file: PageFile) -> Response:
    if file.tag in request.headers.get("If-None-Match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=file.headers)
    return Response(file.body, media_type=file.media_type, headers=file.headers)


def _title(settings: Settings, pool: WorkerPool) -> str:
    manifest = pool.introduction.manifest
    targets = ", ".join(target.name for target in manifest.targets) if manifest else ""
    return f"{settings.endpoint_name}: {targets}" if targets else settings.endpoint_name


def _described(app: FastAPI, pool: WorkerPool) -> dict[str, Any]:
    # Not at the top: describing the columns needs pandas, which this process otherwise does without.
    from container.server.openapi import describe_paths

    own = get_openapi(title=app.title, version=app.version, routes=app.routes)
    return describe_paths(own, pool.introduction.manifest, pool.introduction.features)


def _health(pool: WorkerPool, queue: Dispatcher, settings: Settings) -> dict[str, Any]:
    return {
        "endpoint": settings.endpoint_name,
        "model_sha256": pool.introduction.digest,
        "loaded_at": _iso(pool.introduction.loaded_at),
        "started_at": _iso(pool.started_at),
        "last_golden_check": _iso(pool.last_golden_check),
        "workers": pool.pids,
        "workers_are_forked": pool.introduction.why_not_forkable is None,
        "why_not_forked": pool.introduction.why_not_forkable,
        "worker_restarts": pool.restarts,
        "waiting": queue.waiting,
        "max_body_bytes": settings.max_body_bytes,
    }


async def _refuse(request: Request, error: HTTPException) -> JSONResponse:
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_")
    message = f"{phrase}: {request.method} on a path that is not among those of /openapi.json"
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        message = f"{request.method} is not answered here. Allowed: {(error.headers or {}).get('Allow', 'see /docs')}"
    return JSONResponse({"code": code, "message": message}, status_code=error.status_code, headers=error.headers)


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
