"""Pictures that are sent somewhere at their own pace, from a thread of the test."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from threading import Event, Thread
from typing import Any

import av
import numpy as np

__all__ = ["jpeg", "publishing"]

_RATE = 25


@contextmanager
def publishing(
    url: str, form: str, options: Mapping[str, str] | None = None
) -> Iterator[Event]:
    """Send H.264 of 160x128 at 25 frames a second to ``url`` for as long as the block.

    Sending ends early when the event that is given is set.
    """
    is_over = Event()
    thread = Thread(target=_publish, args=(url, form, dict(options or {}), is_over))
    thread.start()
    try:
        yield is_over
    finally:
        is_over.set()
        thread.join()


def _publish(url: str, form: str, options: dict[str, str], is_over: Event) -> None:
    with av.open(url, "w", format=form, options=options) as container:
        stream: Any = container.add_stream(
            "libx264",
            rate=_RATE,
            options={"tune": "zerolatency", "preset": "ultrafast"},
        )
        stream.width, stream.height, stream.pix_fmt = 160, 128, "yuv420p"
        stream.codec_context.gop_size = _RATE // 2
        for index in range(100_000):
            if is_over.wait(1 / _RATE):
                break
            frame = av.VideoFrame.from_ndarray(_picture(index), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, _RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def jpeg(index: int) -> bytes:
    """Encode picture ``index`` of 160x128 as JPEG."""
    content = io.BytesIO()
    frame = av.VideoFrame.from_ndarray(_picture(index), format="rgb24")
    with av.open(content, "w", format="mjpeg") as container:
        stream: Any = container.add_stream("mjpeg", rate=_RATE)
        stream.width, stream.height, stream.pix_fmt = 160, 128, "yuvj420p"
        container.mux(stream.encode(frame.reformat(format="yuvj420p")))
        container.mux(stream.encode(None))
    return content.getvalue()


def _picture(index: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A bar that moves over a slope."""
    picture = np.zeros((128, 160, 3), np.uint8)
    picture[...] = np.arange(160, dtype=np.uint8)[:, None]
    picture[:, index * 4 % 160 :][:, :16] = 255
    return picture
