"""Those who receive what is published: PyAV's own listeners, GStreamer, nginx."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest

__all__ = [
    "LISTENERS",
    "Seen",
    "Server",
    "Viewer",
    "free_port",
    "nginx",
    "rtsp_relay",
    "viewer",
]

LISTENERS = {
    "rtsp": ("rtsp://127.0.0.1:{}/in", "rtsp_flags=listen", "listen_timeout=60"),
    "rtmp": ("rtmp://127.0.0.1:{}/live/key", "listen=1"),
    "tcp": ("tcp://127.0.0.1:{}?listen=1",),
    "udp": ("udp://127.0.0.1:{}",),
}
"""How PyAV listens for what is published: its URL with room for a port, and options."""

_PROGRAM = Path(__file__).with_name("receiver.py")
_ROOT = Path(__file__).parents[1]
_NGINX_MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
_NGINX_CONF = """
load_module {module};
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{}}
rtmp {{
  server {{
    listen 127.0.0.1:{port};
    application live {{ live on; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture as a viewer saw it."""

    seconds: float
    height: int
    width: int
    index: int
    luma: float


class Viewer:
    """A process that decodes what it receives."""

    def __init__(self, url: str, *options: str) -> None:
        self.seen: list[Seen] = []
        self._process = subprocess.Popen(
            [sys.executable, str(_PROGRAM), url, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._thread = Thread(target=self._read)
        self._thread.start()

    def has_seen(self, more_than: int) -> bool:
        """Whether so many pictures have come."""
        return len(self.seen) > more_than

    def stop(self) -> None:
        """Hang, as a machine that is out of memory does."""
        self._process.send_signal(signal.SIGSTOP)

    @property
    def has_left(self) -> bool:
        """The process has ended."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """End without a word."""
        self._process.kill()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            seconds, height, width, index, luma = line.split()
            self.seen.append(
                Seen(float(seconds), int(height), int(width), int(index), float(luma))
            )


@contextmanager
def viewer(url: str, *options: str) -> Iterator[Viewer]:
    """Receive from ``url``, or listen there with the options that mean so."""
    process = Viewer(url, *options)
    try:
        yield process
    finally:
        process.kill()


def free_port() -> int:
    """Find a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Server:
    """A media server that can be stopped, killed and started again."""

    def __init__(self, command: list[str], *, says_ready: bool) -> None:
        self._command = command
        self._says_ready = says_ready
        self.start()

    def start(self) -> None:
        """Start it, and wait until it says that it is ready, if it does."""
        self._process = subprocess.Popen(
            self._command,
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        if self._says_ready and self._process.stdout.readline() != "ready\n":
            self.kill()
            _miss(f"{self._command[0]} cannot serve, see .ci/run")

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def rtsp_relay() -> Iterator[tuple[Server, str]]:
    """Run GStreamer's server: /in and /locked record what /out plays."""
    port, bridge = free_port(), free_port()
    command = ["/usr/bin/python3", "-m", "tests.rtsp_relay", str(port), str(bridge)]
    server = Server(command, says_ready=True)
    try:
        yield server, f"127.0.0.1:{port}"
    finally:
        server.kill()


@contextmanager
def nginx(folder: Path) -> Iterator[tuple[Server, str]]:
    """Run nginx with its RTMP module: what is published can be played."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if program is None or not _NGINX_MODULE.exists():
        _miss("nginx has no RTMP module here, see .ci/run")
    assert program is not None
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(_NGINX_CONF.format(module=_NGINX_MODULE, folder=folder, port=port))
    command = [program, "-p", str(folder), "-e", f"{folder}/error.log", "-c", str(conf)]
    server = Server(command, says_ready=False)
    try:
        _wait_for(port)
        yield server, f"127.0.0.1:{port}"
    finally:
        server.kill()


def _wait_for(port: int) -> None:
    """Wait until somebody listens."""
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return


def _miss(reason: str) -> None:
    """Skip, or fail in CI, where nothing real may be missing."""
    assert not os.environ.get("CI"), reason
    pytest.skip(reason)
