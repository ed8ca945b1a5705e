"""Peers on the loopback that misbehave as real ones do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

__all__ = ["http_server", "refusing_port", "silent_server", "talking_server"]


@contextmanager
def http_server(content: bytes = b"") -> Iterator[int]:
    """Serve ``content`` at any path, or the status that the path is; gives the port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/").partition("?")[0]
            self.send_response(int(name) if name.isdecimal() else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def silent_server() -> Iterator[int]:
    """Accept connections and never say a word; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def talking_server(answer: bytes) -> Iterator[int]:
    """Say ``answer`` to the first who calls and then nothing more; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        calls: list[socket.socket] = []

        def talk() -> None:
            call, _ = listener.accept()
            calls.append(call)
            call.recv(4096)
            call.sendall(answer)

        thread = Thread(target=talk)
        thread.start()
        try:
            yield port
        finally:
            thread.join()
            for call in calls:
                call.close()


def refusing_port() -> int:
    """Find a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
