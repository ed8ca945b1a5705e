"""What the page is told once a second, and the two minutes before it was opened."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

from fastapi import APIRouter, WebSocket

from maskstream.models.classes import ClassTable
from maskstream.pipeline.errors import MaskStreamError
from maskstream.server.control import Control
from maskstream.server.http.answers import StreamList, StreamView
from maskstream.server.http.failures import failure
from maskstream.server.http.sockets import send_until_left
from maskstream.server.status import State, StreamStatus

__all__ = ["Updates"]

_logger = logging.getLogger(__name__)

_PERIOD_S = 1.0
_KEPT = 120
"""Points of a chart: two minutes, more does not fit on a card."""
_MAX_LISTENERS = 64


class Update(StreamList):
    """Every stream, and what the daemon's clock says."""

    now: float


class Updates:
    """Asks the daemon once a second, however many pages are open."""

    def __init__(
        self,
        control: Control,
        classes: ClassTable,
        *,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._control = control
        self._classes = classes
        self._wall_clock = wall_clock
        self._history: dict[str, deque[list[float]]] = {}
        """By stream: time, frames a second, p95 in ms, shares in thousandths."""
        self._latest = ""
        self._has_news = asyncio.Event()
        self._num_listeners = 0
        self._is_closed = False

    async def run(self) -> None:
        """Ask until cancelled."""
        has_failed = False
        while True:
            try:
                statuses = await asyncio.to_thread(self._control.statuses)
            except MaskStreamError:
                if not has_failed:
                    _logger.exception("the page is told nothing")
                has_failed = True
            else:
                has_failed = False
                self._tell(statuses)
            await asyncio.sleep(_PERIOD_S)

    def close(self) -> None:
        """Let every listener go."""
        self._is_closed = True
        self._wake()

    def routes(self) -> APIRouter:
        """Make the route."""
        routes = APIRouter()

        @routes.websocket("/v1/updates")
        async def updates(socket: WebSocket) -> None:
            """Send the history once, then every second all streams as they are."""
            if self._num_listeners >= _MAX_LISTENERS:
                await socket.send_denial_response(
                    failure(503, f"{_MAX_LISTENERS} pages are open already")
                )
                return
            self._num_listeners += 1
            try:
                await socket.accept()
                await send_until_left(socket, self._messages())
            finally:
                self._num_listeners -= 1

        return routes

    async def _messages(self) -> AsyncIterator[str]:
        history = {stream: list(points) for stream, points in self._history.items()}
        yield json.dumps({"history": history}, separators=(",", ":"))
        if self._latest:
            yield self._latest
        while not self._is_closed:
            await self._has_news.wait()
            if not self._is_closed:
                yield self._latest

    def _tell(self, statuses: Sequence[StreamStatus]) -> None:
        now = self._wall_clock()
        for status in statuses:
            points = self._history.setdefault(status.stream, deque(maxlen=_KEPT))
            points.append(self._point(status, now))
        for gone in self._history.keys() - {status.stream for status in statuses}:
            del self._history[gone]
        views = [StreamView.of(status) for status in statuses]
        self._latest = Update(now=now, streams=views).model_dump_json()
        self._wake()

    def _point(self, status: StreamStatus, now: float) -> list[float]:
        is_running = status.state is State.RUNNING
        shares = [
            _whole(1000 * status.shares.get(name, 0.0)) if is_running else 0
            for name in self._classes.names
        ]
        p95_ms = _whole(1000 * status.latency_s.get("p95", 0.0))
        fps = status.fps_out if is_running else 0.0
        return [round(now, 1), round(fps, 1), p95_ms, *shares]

    def _wake(self) -> None:
        """Wake those who wait now, and have those wait who come later."""
        self._has_news.set()
        self._has_news = asyncio.Event()


def _whole(number: float) -> int:
    return round(number) if math.isfinite(number) else 0
