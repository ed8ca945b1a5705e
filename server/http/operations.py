"""For those who operate the daemon: health, metrics, configuration, log level."""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from maskstream.models.classes import ClassTable
from maskstream.server.config.http import AllowedSources
from maskstream.server.control import Control
from maskstream.server.http.answers import Daemon, LogLevel, NamedClass, Responses

__all__ = ["operation_routes"]

_PROBE_THREADS = 4

_UNWELL: Responses = {
    503: {"content": {"text/plain": {}}, "description": "In one sentence, why."}
}


def operation_routes(
    control: Control,
    classes: ClassTable,
    registry: CollectorRegistry,
    allowed: AllowedSources,
) -> APIRouter:
    """Make the routes of the daemon as a whole."""
    routes = APIRouter(tags=["daemon"])
    daemon = Daemon(
        version=version("maskstream"),
        classes=[
            NamedClass(name=name, colour="#{:02x}{:02x}{:02x}".format(*colour))
            for name, colour in zip(classes.names, classes.colours, strict=True)
        ],
        protocols=list(allowed.protocols),
    )

    # Threads of their own: all others may wait for a stream that hangs, or a disk.
    probing = CapacityLimiter(_PROBE_THREADS)

    @routes.get("/healthz", response_class=PlainTextResponse, responses=_UNWELL)
    async def get_health() -> Response:
        """Whether the process does its work; when not, restart it."""
        return _probe(await to_thread.run_sync(control.why_not_alive, limiter=probing))

    @routes.get("/readyz", response_class=PlainTextResponse, responses=_UNWELL)
    async def get_readiness() -> Response:
        """Whether the daemon has started and is not stopping."""
        return _probe(await to_thread.run_sync(control.why_not_ready, limiter=probing))

    @routes.get("/metrics", response_class=PlainTextResponse)
    def get_metrics() -> Response:
        """Give the metrics in the text format of Prometheus."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @routes.get("/v1/daemon")
    def get_daemon() -> Daemon:
        """Tell the version, the classes and what may be added."""
        return daemon

    @routes.get("/v1/config")
    def get_config() -> dict[str, Any]:
        """Show the configuration in force, secrets masked."""
        return dict(control.config())

    @routes.get("/v1/log-level")
    def get_log_level() -> LogLevel:
        """Tell how much the daemon logs."""
        level = logging.getLogger("maskstream").getEffectiveLevel()
        return LogLevel(level=logging.getLevelName(level).lower())

    @routes.put("/v1/log-level")
    def set_log_level(wanted: LogLevel) -> LogLevel:
        """Log more or less, until the daemon is started again."""
        control.set_log_level(wanted.level)
        return wanted

    return routes


def _probe(sentence: str | None) -> Response:
    if sentence is None:
        return PlainTextResponse("ok\n")
    return PlainTextResponse(f"{sentence}\n", 503)
