"""A live stream for sinks under test: pictures at their own pace, nobody waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from threading import Event, Thread
from typing import Any

import av
import numpy as np

from maskstream.pipeline.channel import Channel, Overflow
from maskstream.pipeline.frame import Frame, Segmentation, StreamFormat
from maskstream.pipeline.ledger import Ledger, SinkAccount, StreamAccount
from tests.clips import draw_picture

__all__ = ["LiveFeed", "live_feed", "make_item"]

_PATIENCE_S = 60.0
_PERIOD_S = 0.04


def make_item(
    index: int, form: StreamFormat, *, pts: int | None = None, noise: bool = False
) -> Segmentation:
    """Draw a picture that carries ``index`` (of 256) along its top edge."""
    size_hw = form.height, form.width
    pixels = draw_picture(index % 256, size_hw)
    if noise:
        rng = np.random.default_rng(index)
        rows = form.height - form.height // 4
        pixels[form.height // 4 :] = rng.integers(
            0, 255, (rows, form.width, 3), np.uint8
        )
    picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    frame = Frame(
        "cam",
        index,
        picture.reformat(format="yuv420p"),
        form,
        pts=index * 40 if pts is None else pts,
        duration=40,
        decoded_at=time.perf_counter(),
    )
    return Segmentation(frame, np.zeros(size_hw, np.uint8))


class LiveFeed:
    """Runs a sink on a thread of its own and feeds it as a live stream would."""

    def __init__(self, stage: Any, ledger: Ledger, sink: str) -> None:
        self._ledger = ledger
        self._sink = sink
        ledger.open("cam", [sink])
        self.form = StreamFormat(240, 320, Fraction(1, 1000), average_rate=Fraction(25))
        self.noise = False
        self.longest_gap_s = 0.0
        """Between two frames that this feed could send."""
        self._index = 0
        self._inbox: Channel[Segmentation] = Channel(
            8, Overflow.DROP_OLDEST, on_drop=self._drop
        )
        self._tick = Event()
        self._failure: Exception | None = None
        self._thread = Thread(target=self._run, args=(stage,))
        self._thread.start()

    def send_until(self, is_enough: Callable[[], bool]) -> None:
        """Send 25 frames a second until ``is_enough``."""
        last_s = time.monotonic()
        end_s = last_s + _PATIENCE_S
        while not is_enough():
            now_s = time.monotonic()
            assert now_s < end_s, f"nothing came of it: {self.account}"
            self.longest_gap_s = max(self.longest_gap_s, now_s - last_s)
            last_s = now_s
            self._ledger.decoded("cam")
            item = make_item(self._index, self.form, noise=self.noise)
            self._inbox.send(item)
            self._index += 1
            self._tick.wait(_PERIOD_S)

    def wait_until(self, is_enough: Callable[[], bool]) -> None:
        """Send nothing until ``is_enough``: the camera is away."""
        end_s = time.monotonic() + _PATIENCE_S
        while not is_enough():
            assert time.monotonic() < end_s, f"nothing came of it: {self.account}"
            self._tick.wait(_PERIOD_S)

    def close(self) -> float:
        """End the stream; returns how long the sink took to end."""
        start_s = time.monotonic()
        self._inbox.close()
        self._thread.join(_PATIENCE_S)
        assert not self._thread.is_alive()
        if self._failure is not None:
            raise self._failure
        return time.monotonic() - start_s

    @property
    def account(self) -> StreamAccount:
        """The stream's account."""
        return self._ledger.accounts()["cam"]

    @property
    def at_sink(self) -> SinkAccount:
        """What the sink did."""
        return self.account.sinks[self._sink]

    @property
    def reasons(self) -> set[str]:
        """Why frames were dropped."""
        return {reason for _, reason in self.at_sink.dropped}

    def _run(self, stage: Any) -> None:
        try:
            for _ in stage(self._inbox):
                pass
        except Exception as error:
            self._failure = error
        finally:
            self._inbox.cancel()

    def _drop(self, _: Segmentation) -> None:
        self._ledger.dropped(
            "cam", stage=self._sink, reason="sink_slow", sink=self._sink
        )


@contextmanager
def live_feed(stage: Any, ledger: Ledger, sink: str) -> Iterator[LiveFeed]:
    """Run a sink; at the end it must have ended and its account be balanced."""
    feed = LiveFeed(stage, ledger, sink)
    try:
        yield feed
    finally:
        feed.close()
    assert feed.account.is_balanced, feed.account
