"""Web servers that serve a folder, or pictures one after another without end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import (
    BaseHTTPRequestHandler,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
)
from pathlib import Path
from threading import Event, Thread

from tests.publishers import jpeg

__all__ = ["folder_server", "mjpeg_server"]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def folder_server(folder: Path) -> Iterator[int]:
    """Serve the files of ``folder``; gives the port."""
    handler = partial(_Quiet, directory=str(folder))
    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as port:
        yield port


@contextmanager
def mjpeg_server(*, is_broken: bool = False) -> Iterator[tuple[int, Event]]:
    """Serve JPEGs as cameras do; gives the port, and what makes them stop coming.

    Of a broken one each tenth picture ends in the middle.
    """
    is_over, is_mute = Event(), Event()
    pictures = [jpeg(index) for index in range(10)]
    if is_broken:
        pictures[-1] = pictures[-1][: len(pictures[-1]) * 2 // 3]

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            kind = "multipart/x-mixed-replace; boundary=frame"
            self.send_header("Content-Type", kind)
            self.end_headers()
            index = 0
            while not is_over.wait(0.04):
                if is_mute.is_set():
                    continue
                content = pictures[index % len(pictures)]
                head = (
                    "--frame\r\nContent-Type: image/jpeg\r\n"
                    f"Content-Length: {len(content)}\r\n\r\n"
                )
                try:
                    self.wfile.write(head.encode() + content + b"\r\n")
                except OSError:
                    return
                index += 1

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Answer)) as port:
        try:
            yield port, is_mute
        finally:
            is_over.set()


@contextmanager
def _serving(server: ThreadingHTTPServer) -> Iterator[int]:
    with server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
