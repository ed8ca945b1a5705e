"""A real receiver of webhooks that answers as it is told, and remembers what it got."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import Any

__all__ = ["HookServer", "hook_server"]


class HookServer:
    """What the test says to the server, and hears of it."""

    def __init__(self) -> None:
        self.port = 0
        self.answers: deque[int] = deque()
        """Status of each answer to come; 200 after them, 0 for silence."""
        self.headers: dict[str, str] = {}
        """Of each answer."""
        self.release = Event()
        """Ends the silence."""
        self._changed = Condition()
        self._got: list[tuple[int, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        """Where to post, a secret in it."""
        return f"http://127.0.0.1:{self.port}/services/T0PSECRET"

    def note(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Remember a request."""
        with self._changed:
            self._got.append((status, headers, body))
            self._changed.notify_all()

    def requests(self, at_least: int = 0) -> list[tuple[int, dict[str, str], bytes]]:
        """Wait for so many requests and return all: status, headers, body."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._got) >= at_least, 60)
            return list(self._got)

    def taken(self, at_least: int) -> list[Any]:
        """Wait until so many were answered by 200, and return what they said."""

        def bodies() -> list[Any]:
            return [json.loads(body) for status, _, body in self._got if status == 200]

        with self._changed:
            assert self._changed.wait_for(lambda: len(bodies()) >= at_least, 60)
            return bodies()


@contextmanager
def hook_server(port: int = 0) -> Iterator[HookServer]:
    """Listen on loopback."""
    hook = HookServer()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = hook.answers.popleft() if hook.answers else 200
            hook.note(status, dict(self.headers), body)
            if status == 0:
                hook.release.wait(60)
                return
            self.send_response(status)
            for name, value in hook.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", port), Answer) as server:
        server.daemon_threads = True
        hook.port = server.server_port
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hook
        finally:
            hook.release.set()
            server.shutdown()
            thread.join()
