"""The application: every route behind the gate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from maskstream.models.classes import ClassTable
from maskstream.server.config.http import HttpConfig
from maskstream.server.control import Control
from maskstream.server.http.answers import FAILURES
from maskstream.server.http.failures import answer_failures
from maskstream.server.http.gate import Gate
from maskstream.server.http.guard import Guard
from maskstream.server.http.media import media_routes
from maskstream.server.http.operations import operation_routes
from maskstream.server.http.page_files import page_routes
from maskstream.server.http.recordings import recording_routes
from maskstream.server.http.session import session_routes
from maskstream.server.http.source_policy import SourcePolicy
from maskstream.server.http.streams import stream_routes
from maskstream.server.http.updates import Updates
from maskstream.server.http.viewers import Viewers

__all__ = ["Application"]

_DESCRIPTION = """
Streams, pictures and the state of the daemon. A failure is answered with one sentence,
`{"error": "..."}`. Where the daemon has a token, send it as `Authorization: Bearer
TOKEN`. Two WebSockets are beside what is listed here: `/v1/streams/{stream}/preview`
gives fragmented MP4 (`?format=jpeg`: JPEGs) and `/v1/updates` every stream once a
second.
"""


class Application:
    """What the server runs, and the way to end what would never end by itself."""

    def __init__(
        self,
        control: Control,
        config: HttpConfig,
        classes: ClassTable,
        registry: CollectorRegistry,
    ) -> None:
        self._viewers = Viewers(config.max_viewers)
        self._updates = Updates(control, classes)
        guard = Guard(config)
        app = FastAPI(
            title="MaskStream",
            version=version("maskstream"),
            description=_DESCRIPTION,
            openapi_url="/v1/openapi.json",
            docs_url=None,  # their scripts come from another host
            redoc_url=None,
            redirect_slashes=False,
            responses=FAILURES,
            lifespan=self._live,
        )
        answer_failures(app)
        policy = SourcePolicy(config.allowed_sources)
        app.include_router(stream_routes(control, policy, config.max_streams))
        app.include_router(media_routes(control, self._viewers))
        app.include_router(recording_routes(control))
        app.include_router(
            operation_routes(control, classes, registry, config.allowed_sources)
        )
        app.include_router(session_routes(guard.tokens))
        app.include_router(self._updates.routes())
        app.include_router(page_routes())
        self.asgi: ASGIApp = Gate(app, guard)
        self._loop: asyncio.AbstractEventLoop | None = None

    def close(self) -> None:
        """End every preview and every page's updates. From any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._viewers.close)
            self._loop.call_soon_threadsafe(self._updates.close)

    @asynccontextmanager
    async def _live(self, _: FastAPI) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        asking = asyncio.create_task(self._updates.run())
        try:
            yield
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
