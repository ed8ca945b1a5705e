"""Cameras that tests may kill, stop and bring back: real servers as child processes."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.servers import refusing_port

__all__ = ["RtspCamera"]

_ROOT = Path(__file__).parents[1]


class RtspCamera:
    """GStreamer's RTSP server on a port that stays its own; see `rtsp_camera`.

    It is down until `start`; leaving the context ends it.
    """

    def __init__(self, auth: str = "digest") -> None:
        self.port = refusing_port()
        self._auth = auth
        self._process: subprocess.Popen[str] | None = None

    def url(self, path: str = "open", user: str = "") -> str:
        """Name one of its streams; ``user`` is ``name:password``."""
        return f"rtsp://{user and user + '@'}127.0.0.1:{self.port}/{path}"

    def start(self, codec: str = "h264") -> None:
        """Serve, from pts zero on; returns when it does.

        ``codec`` is that of /open and /locked, or hevc or mjpeg.
        """
        self._process = subprocess.Popen(
            [
                "/usr/bin/python3",
                "-m",
                "tests.rtsp_camera",
                str(self.port),
                self._auth,
                codec,
            ],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            self.kill()
            missing = "GStreamer's RTSP server is not installed, see .ci/run"
            assert not os.environ.get("CI"), missing
            pytest.skip(missing)

    def say(self, line: str) -> None:
        """Tell it what to show."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def halt(self) -> None:
        """Let it hang: the kernel still takes connections, nobody answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it run again after `halt`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        if self._process is None:
            return
        self._process.kill()
        self._process.communicate()
        self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
