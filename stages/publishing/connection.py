"""A publisher's side of the process that holds its connection."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

from maskstream.pipeline.errors import SinkError
from maskstream.stages.publishing.wire import (
    FAILED,
    FINISHED,
    MUXED,
    EncodedPicture,
    Opening,
)

__all__ = ["Connection"]

_SENDER = (sys.executable, "-I", "-m", "maskstream.stages.publishing.sender")


class Connection:
    """Sends encoded pictures to a server, or says why it cannot.

    Nothing here waits longer than the deadline, whatever the server does.
    """

    def __init__(self, opening: Opening) -> None:
        self._deadline_s = opening.deadline_s
        self._socket, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(
                    _SENDER,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,  # FFmpeg's lines hold the URL
                )
        except BaseException:
            self._socket.close()
            raise
        self.num_muxed = 0
        """Pictures that FFmpeg has handed to the server."""
        self._is_finished = False
        self._failure = bytearray()
        self._write(opening.to_bytes())

    def close(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()
        self._socket.close()

    @property
    def pid(self) -> int:
        """Of the process."""
        return int(self._process.pid)

    def send(self, picture: EncodedPicture) -> None:
        """Hand over a picture; raises SinkError when the connection is lost."""
        self._write(picture.to_bytes())

    def poll(self) -> None:
        """Learn what was muxed, without waiting; raises SinkError when it is lost."""
        while not self._is_finished and self._read(0):
            pass

    def finish(self) -> None:
        """Say goodbye to the server once all is sent; raises SinkError when lost."""
        end_s = time.monotonic() + self._deadline_s
        with suppress(OSError):  # it has left already, and said why
            self._socket.shutdown(socket.SHUT_WR)
        while not self._is_finished:
            if not self._read(max(0.0, end_s - time.monotonic())):
                raise SinkError(self._silence())

    def _write(self, message: bytes) -> None:
        self._socket.settimeout(self._deadline_s)
        try:
            self._socket.sendall(message)
        except TimeoutError:
            raise SinkError(self._silence()) from None
        except OSError:
            self.poll()
            raise self._lost() from None

    def _read(self, timeout_s: float) -> bool:
        """Take in what has come, if anything has; raises SinkError at its end."""
        self._socket.settimeout(timeout_s)
        try:
            news = self._socket.recv(4096)
        except (TimeoutError, BlockingIOError):
            return False
        except OSError:
            raise self._lost() from None
        if not news:
            raise self._lost()
        if not self._failure:
            muxed, is_failed, news = news.partition(FAILED)
            self.num_muxed += muxed.count(MUXED)
            self._is_finished = muxed.endswith(FINISHED)
            self._failure += is_failed
        self._failure += news
        return True

    def _lost(self) -> SinkError:
        if self._failure:
            return SinkError(self._failure[1:].decode(errors="replace").lower())
        try:
            code = self._process.wait(self._deadline_s)  # it is just leaving
        except subprocess.TimeoutExpired:
            return SinkError(self._silence())
        if code == -signal.SIGALRM:
            return SinkError(self._silence())
        why = f"signal {-code}" if code < 0 else f"exit code {code}"
        return SinkError(f"the sending process has ended with {why}")

    def _silence(self) -> str:
        return f"no progress for {self._deadline_s:g} s"
