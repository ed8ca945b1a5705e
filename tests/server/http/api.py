"""The real server, on a port of its own, before a daemon of synthetic streams."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from prometheus_client import CollectorRegistry, Counter
from websockets.sync.client import ClientConnection, connect

from maskstream.models.classes import CAMVID
from maskstream.server.config.http import HttpConfig
from maskstream.server.http import ApiServer
from tests.server.http.fake_control import FakeControl

__all__ = ["CAMERA", "TOKEN", "api", "bearer", "wait_for", "watch"]

TOKEN = "correct-horse-battery-staple"
CAMERA = "rtsp://admin:secret@192.0.2.7/main"


@contextmanager
def api(control: FakeControl, **settings: Any) -> Iterator[httpx.Client]:
    """Serve ``control``; gives a client that trusts no environment."""
    registry = CollectorRegistry()
    Counter("maskstream_frames", "Frames.", registry=registry).inc(3)
    config = HttpConfig.model_validate({"port": 0, "requests_per_s": 1000, **settings})
    server = ApiServer(control, config, classes=CAMVID, registry=registry)
    with (
        server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client,
    ):
        yield client


def bearer(token: str = TOKEN) -> dict[str, str]:
    """Make the header that shows a token."""
    return {"Authorization": f"Bearer {token}"}


def watch(client: httpx.Client, path: str, **headers: str) -> ClientConnection:
    """Open a WebSocket as a browser of the page would."""
    url = str(client.base_url).rstrip("/").replace("http", "ws", 1) + path
    return connect(url, additional_headers=headers, proxy=None, max_size=None)


def wait_for(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, for at most a minute of a busy machine."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
