"""Those who receive what is published: PyAV's own listeners, GStreamer, nginx."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

__all__ = ["Seen", "Viewer", "free_port", "viewer"]

_PROGRAM = Path(__file__).with_name("receiver.py")


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
