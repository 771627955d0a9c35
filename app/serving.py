"""Serve until told to stop: in one process, or in several behind one port."""

import asyncio
import gc
import logging
import os
import socket
import sys
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

import torch
import uvicorn

from app import log_process, processes
from app.accepting import Acceptor, Loads
from app.auth import needs_key
from app.classification import Predictor
from app.database import Database
from app.lasting import give_back
from app.main import create_app
from app.protocol import Protocol
from app.queries.keys import any_valid
from app.settings import Settings
from app.shared import Shared
from app.startup import StartupError
from model.checkpoint import CheckpointError
from model.predictor import ClassifierPredictor
from model.sorting import SorterPredictor

_log = logging.getLogger("hamlet")


class _Server(uvicorn.Server):
    """Says where it listens once it does, if it is the one to say it. With `loads` it shares the
    socket with other processes."""

    def __init__(self, config: uvicorn.Config, loads: Loads | None, *, says: bool) -> None:
        super().__init__(config)
        self._says = says
        self._loads = loads
        self._acceptor: Acceptor | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        assert sockets is not None
        (listening,) = sockets
        await super().startup([] if self._loads else sockets)
        if self._loads:
            self._acceptor = Acceptor(listening, self._protocol, self._loads)
        if self._says:
            url = _url(listening)
            _log.info("listening on %s; try:", url)
            _log.info(
                "  curl -H 'Content-Type: application/json' -d '%s' %s/classify",
                '{"text": "You have won a prize, click here"}',
                url,
            )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._acceptor is not None:
            self._acceptor.stop()
        await super().shutdown(sockets)

    def _protocol(self) -> Protocol:
        return Protocol(self.config, self.server_state, self.lifespan.state)


def serve(settings: Settings, predictor: Predictor[Any] | None = None) -> int:
    """Serve the predictor, or the checkpoint of the settings, and the sorter, until SIGINT or
    SIGTERM; by the latter a single process ends, after its requests, as one that was terminated.

    The schema must be there. Raises StartupError.
    """
    if settings.processes == 1:
        with _listen(settings) as listening:
            return _serve(settings, predictor, None, listening)
    with ExitStack() as stack:
        log = stack.enter_context(log_process.listening())
        shared = stack.enter_context(Shared.by_forked(settings, log.getsockname()))
        listening = stack.enter_context(_listen(settings))
        work = partial(_serve_in_child, settings, predictor, shared)
        workers = [
            processes.Worker(partial(work, number), listening)
            for number in range(settings.processes)
        ]
        writer = processes.Worker(partial(log_process.serve, settings), log)
        return processes.run([writer, *workers])


def _serve_in_child(
    settings: Settings,
    predictor: Predictor[Any] | None,
    shared: Shared,
    number: int,
    listening: socket.socket,
) -> int:
    shared.loads.begin(number)
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // settings.processes))
    try:
        return _serve(settings, predictor, shared, listening, says=number == 0)
    except StartupError as error:
        print(f"hamlet: {error}", file=sys.stderr)
        return 1


def _serve(
    settings: Settings,
    predictor: Predictor[Any] | None,
    shared: Shared | None,
    listening: socket.socket,
    *,
    says: bool = True,
) -> int:
    config = uvicorn.Config(
        create_app(settings, predictor or _load(settings), _load_sorter(settings), shared),
        http=Protocol,
        ws="none",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or "",
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=8,
    )
    # Who computes is asked for the interpreter's lock sooner than after 5 ms: the threads of the
    # network and of the log need it for moments, but often.
    sys.setswitchinterval(0.0002)
    # What is there by now stays: the collector need not look through it again and again.
    gc.collect()
    gc.freeze()
    # What the requests under way hold at a time is no garbage either; it is tens of thousands of
    # objects, and some more for each connection.
    gc.set_threshold(50_000)
    give_back()
    server = _Server(config, shared.loads if shared else None, says=says)
    with suppress(KeyboardInterrupt):  # uvicorn raises the signal again once it has stopped
        server.run(sockets=[listening])
    return 0 if server.started else 1


def check_keys(settings: Settings) -> None:
    """Nobody listens where strangers call without a way to tell them apart. Raises StartupError."""
    if needs_key(settings) and not asyncio.run(_has_key(settings)):
        raise StartupError(
            f"callers at {settings.host} need an API key, and there is none; make one with "
            "`python -m app keys create NAME`, or let everybody in with HAMLET_REQUIRE_KEY=never"
        )


async def _has_key(settings: Settings) -> bool:
    database = Database(settings.database_url)
    try:
        async with database.read() as connection:
            return await any_valid(connection)
    finally:
        await database.aclose()


def _load(settings: Settings) -> Predictor[Any]:
    try:
        return ClassifierPredictor.load(settings.model_dir, settings.device)
    except CheckpointError as error:
        raise StartupError(f"the checkpoint is refused: {error}") from None
    except (RuntimeError, AssertionError) as error:  # torch, of a device that is not there
        reason = str(error).splitlines()[0]
        raise StartupError(f"the network does not run on {settings.device}: {reason}") from None


def _load_sorter(settings: Settings) -> SorterPredictor:
    try:
        return SorterPredictor.load(settings.sorter_dir)
    except CheckpointError as error:
        raise StartupError(f"the sorter's checkpoint is refused: {error}") from None


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        address = (settings.host, settings.port)
        return socket.create_server(address, family=family, backlog=2048)
    except OSError as error:
        where = f"{settings.host} port {settings.port}"
        raise StartupError(f"cannot listen on {where}: {error.strerror or error}") from None


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
