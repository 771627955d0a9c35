"""The application: `create_app(settings)`."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import anyio.to_thread
from fastapi import FastAPI

from app import __version__, errors, migrate, openapi, sorting
from app.admission import Admission, Entrance
from app.auth import Guard, needs_key
from app.classification import Classifier, Predictor
from app.database import Database
from app.dependencies import State
from app.drift import watching
from app.limits import RateLimitHeaders, RateLimits
from app.log_process import RemoteLog
from app.log_writer import Log, LogWriter
from app.metrics import Metrics
from app.middleware import AccessLog, BodyLimit, RequestId
from app.retention import forgetting
from app.routes import (
    about,
    classify,
    dashboard,
    feedback,
    health,
    history,
    inbox,
    pages,
    sign_in,
    sort,
)
from app.routes import metrics as metrics_route
from app.secret import load_key
from app.settings import Settings
from app.shared import Shared
from app.time_limit import TimeLimit
from model.engine import Engine
from model.predictor import ClassifierPredictor
from model.sorting import SorterPredictor

# Numbers that one batch of lists may come to; more only crowd the processor's cache.
_MOST_NUMBERS = 2048


def create_app(
    settings: Settings,
    predictor: Predictor[Any] | None = None,
    sorter: sorting.Predictor | None = None,
    shared: Shared | None = None,
) -> FastAPI:
    """The service. Without its two networks, the checkpoints of the settings are loaded at the
    start.

    The schema must be there: `python -m app` and app.migrate see to that.
    """
    metrics = Metrics()
    entrance = Entrance(settings.max_requests, metrics)
    app = FastAPI(
        title="Hamlet",
        version=__version__,
        description="Spam or not spam, from a neural network on your own machine.",
        lifespan=_lifespan(settings, metrics, entrance, predictor, sorter, shared),
        # The framework's pages load scripts from elsewhere; nothing leaves this machine.
        docs_url=None,
        redoc_url=None,
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
        redirect_slashes=False,
        openapi_tags=openapi.TAGS,
        # Names that a generated client can live with: those of the functions.
        generate_unique_id_function=lambda route: route.name,
    )
    app.add_middleware(RateLimitHeaders)
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes, timeout=settings.body_timeout)
    app.add_middleware(TimeLimit, seconds=settings.request_timeout)
    app.add_middleware(AccessLog, metrics=metrics)
    app.add_middleware(RequestId)
    app.add_middleware(Admission, entrance=entrance)
    for routes in (
        about,
        classify,
        dashboard,
        feedback,
        health,
        history,
        metrics_route,
        inbox,
        pages,
        sign_in,
        sort,
    ):
        app.include_router(routes.router)
    app.mount("/static", pages.static_files())
    errors.install(app)
    openapi.install(app)
    return app


def _lifespan(
    settings: Settings,
    metrics: Metrics,
    entrance: Entrance,
    predictor: Predictor[Any] | None,
    sorter: sorting.Predictor | None,
    shared: Shared | None,
) -> Callable[[FastAPI], AbstractAsyncContextManager[State]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            served = predictor
            if served is None:
                served = await anyio.to_thread.run_sync(_load, settings)
            sorts = sorter or SorterPredictor.load(settings.sorter_dir)
            database = Database(settings.database_url)
            stack.push_async_callback(database.aclose)
            await stack.enter_async_context(forgetting(database, settings))
            writer = await _log(shared, database, metrics, entrance)
            stack.push_async_callback(writer.aclose)

            def inline(cost: int) -> bool:
                # Several processes keep every core busy, so a thread would only be in the way.
                return served.is_quick(cost) and (settings.processes > 1 or entrance.is_single())

            engine = await stack.enter_async_context(
                Engine(
                    served.predict,
                    max_batch_cost=settings.max_batch_tokens,
                    inline=inline,
                    alone=entrance.is_single,
                    max_wait=settings.max_wait,
                    max_queue=settings.max_queue,
                    ran=metrics.watch("classifier", lambda: engine.waiting),
                )
            )
            lists = await stack.enter_async_context(
                Engine(
                    sorts.predict,
                    max_batch_cost=_MOST_NUMBERS,
                    max_wait=settings.max_wait,
                    max_queue=settings.max_queue,
                    ran=metrics.watch("sorter", lambda: lists.waiting),
                )
            )
            metrics.served(
                version=__version__,
                classifier=served.version,
                sorter=sorts.version,
                device=str(served.device),
            )
            metrics.drifted(None, None)
            await stack.enter_async_context(watching(database, served.reference, metrics))
            key = load_key(settings)
            classifier = Classifier(
                served, engine, writer, settings, key, os.cpu_count() or 1, metrics
            )
            yield State(
                settings=settings,
                database=database,
                classifier=classifier,
                sorter=sorting.Sorter(sorts, lists, writer, settings, key),
                metrics=metrics,
                entrance=entrance,
                guard=Guard(database, key, needs_key(settings)),
                limits=shared.limits if shared else RateLimits(settings),
                schema_head=migrate.head(),
            )

    return lifespan


async def _log(
    shared: Shared | None, database: Database, metrics: Metrics, entrance: Entrance
) -> Log:
    if shared is None:
        return LogWriter(database, metrics=metrics, alone=entrance.is_single)
    remote = RemoteLog(shared.log)
    await remote.connect()
    return remote


def _load(settings: Settings) -> Predictor[Any]:
    return ClassifierPredictor.load(settings.model_dir, settings.device)
