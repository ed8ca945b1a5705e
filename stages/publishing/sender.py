"""The process that holds one connection to a server: pictures in, muxed packets out.

A process, not a thread: PyAV keeps the interpreter's lock while FFmpeg opens and closes
an output, so that one server that accepts and never answers would stop every stream of
the daemon (measured: for as long as the server is silent, and no option of FFmpeg's
bounds it). Here the kernel ends whatever takes longer than the deadline, and the lock
that it holds with it.
"""

from __future__ import annotations

import signal
import socket
from fractions import Fraction
from typing import Any

import av

from maskstream.stages.publishing.segment_files import open_segment_file
from maskstream.stages.publishing.wire import (
    FAILED,
    FINISHED,
    MUXED,
    TICKS_PER_S,
    EncodedPicture,
    Opening,
    read_opening,
    read_picture,
)

__all__ = ["main"]

_TICK = Fraction(1, TICKS_PER_S)


def main() -> None:
    """Send what comes in on standard input, a socket, until it ends."""
    for request in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(request, signal.SIG_IGN)  # the publisher says when it is over
    with socket.socket(fileno=0) as publisher, publisher.makefile("rb") as pictures:
        opening = read_opening(pictures)
        _limit(opening.deadline_s)  # for SIGALRM as it is by default: it kills
        try:
            _send(opening, pictures, publisher)
            publisher.sendall(FINISHED)
        except av.FFmpegError as error:
            text = str(error.strerror)  # never the whole error: it holds the URL
            publisher.sendall(FAILED + text.encode())
        except ConnectionError:
            pass  # the publisher has left
        except OSError as error:  # of a file of HLS
            publisher.sendall(FAILED + str(error.strerror).encode())


def _send(opening: Opening, pictures: Any, publisher: socket.socket) -> None:
    container = av.open(
        opening.url,
        "w",
        format=opening.format,
        options=dict(opening.options),
        io_open=open_segment_file if opening.format == "hls" else None,
    )
    with container:
        video = container.add_mux_stream(
            "h264", width=opening.width, height=opening.height, time_base=_TICK
        )
        while True:
            _limit(0)
            picture = read_picture(pictures)
            _limit(opening.deadline_s)
            if picture is None:
                return
            container.mux_one(_packet(picture, video))  # the first one connects
            publisher.sendall(MUXED)


def _packet(picture: EncodedPicture, video: Any) -> Any:
    packet: Any = av.Packet(picture.payload)
    packet.stream, packet.time_base = video, _TICK
    packet.pts = packet.dts = picture.pts
    packet.duration = picture.duration
    packet.is_keyframe = picture.is_keyframe
    return packet


def _limit(seconds: float) -> None:
    signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()
