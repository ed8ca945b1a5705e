"""Preview: labelled frames -> those who watch, while anybody does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from fractions import Fraction

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.frame import Frame, Segmentation, StreamFormat
from maskstream.pipeline.stage import Outputs, Stage
from maskstream.stages.jpeg import to_jpeg
from maskstream.stages.publishing.fragments import Fragmenter
from maskstream.stages.publishing.no_signal import black_picture, no_signal_picture
from maskstream.stages.publishing.output_times import OutputTimes
from maskstream.stages.publishing.shrinking import Shrinker
from maskstream.stages.publishing.watchers import Audience, Piece
from maskstream.stages.ticks import items_or_ticks

__all__ = ["LivePreview"]

_LONGEST = 960  # pixels of a side: more is not seen in a page of several cameras
_PREVIEW_QUALITY, _SNAPSHOT_QUALITY = 75, 90
_FRAGMENTS = 32  # a second and more; behind that, somebody would see the past
_TICK_S = 0.25
_AWAY_S = 1.0
_STUB_INTERVAL_S = 0.5
_BLACK_HW = 360, 640


class LivePreview:
    """Shows one stream to any number of people, who share one encoding.

    A stage that hangs on the labelled frames and is no sink: what nobody looks at is
    not lost, so the ledger has no account of it. While nobody watches it keeps a
    reference to the newest item and does nothing more. Pictures are made small before
    they are painted.

    Args:
        stream: The stream's id.
        paint: The stage that paints classes, such as an `Annotator`.
        clock: Seconds.
        wall_clock: Seconds since 1970.
    """

    def __init__(
        self,
        stream: str,
        paint: Stage,
        *,
        clock: Clock = monotonic_clock,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._stream = stream
        self._paint = paint
        self._clock = clock
        self._wall_clock = wall_clock
        self._newest: Segmentation | None = None  # set by the stage, read by anybody
        self._mp4 = Audience(_FRAGMENTS)
        self._jpegs = Audience(1)

    def watch(self) -> AbstractContextManager[Iterator[bytes]]:
        """Watch as fragmented MP4 of `CODEC`: a head, then fragments, from a keyframe.

        Another head may follow, when the size has changed. The iterator ends with the
        stream, and when the context is left, on whatever thread.
        """
        return self._mp4.watch()

    def watch_jpegs(self) -> AbstractContextManager[Iterator[bytes]]:
        """Watch as JPEGs, the newest that there is each time."""
        return self._jpegs.watch()

    def snapshot(self, *, masked: bool = True) -> bytes | None:
        """Return the newest frame as JPEG in full size; None where there is none yet.

        On the caller's thread.
        """
        item = self._newest
        if item is None:
            return None
        if masked:
            (item,) = self._paint(Channel.of(item))
        return to_jpeg(item.frame, _SNAPSHOT_QUALITY)

    def __call__(self, inbox: Channel[Segmentation]) -> Outputs:
        """Show the segmentations that ``inbox`` gives, or that there are none."""
        show = _Show(self._stream, self._paint, self._mp4, self._jpegs, self._clock)
        seen_at_s, seen_at = self._clock(), self._wall_clock()
        try:
            for item in items_or_ticks(inbox, _TICK_S):
                if item is None:
                    if self._clock() - seen_at_s >= _AWAY_S:
                        show.absence(self._newest, seen_at)
                    continue
                self._newest = item
                seen_at_s, seen_at = self._clock(), self._wall_clock()
                show.frame(item)
                yield
        finally:
            self._mp4.end()
            self._jpegs.end()
            show.close()


class _Show:
    """What is made for those who watch, and let go of when the last one leaves."""

    def __init__(
        self,
        stream: str,
        paint: Stage,
        mp4: Audience,
        jpegs: Audience,
        clock: Clock,
    ) -> None:
        self._stream = stream
        self._mp4 = mp4
        self._jpegs = jpegs
        self._clock = clock
        self._brush = _Brush(paint)
        self._shrinker = Shrinker(_LONGEST)
        self._times = OutputTimes(clock)
        self._fragmenter: Fragmenter | None = None
        self._form: StreamFormat | None = None  # of what is fragmented
        self._stub: Frame | None = None
        self._stub_due_s = 0.0

    def frame(self, item: Segmentation) -> None:
        """Show the newest frame."""
        self._stub = None
        if self._is_watched():
            self._give(self._small(item), self._times.of_frame(item.frame))

    def absence(self, last: Segmentation | None, since: float) -> None:
        """Show that there has been no frame since ``last``, ``since`` 1970."""
        now_s = self._clock()
        if not self._is_watched() or now_s < self._stub_due_s:
            return
        self._stub_due_s = now_s + _STUB_INTERVAL_S
        if self._stub is None:
            frame = _black_frame(self._stream) if last is None else self._small(last)
            picture = no_signal_picture(frame.picture, self._stream, since)
            self._stub = replace(frame, picture=picture)
        self._give(self._stub, self._times.of_stub())

    def close(self) -> None:
        """Let go of what is made for those who watch."""
        if self._fragmenter is not None:
            self._fragmenter.close()
            self._fragmenter = None

    def _is_watched(self) -> bool:
        if not self._mp4:
            self.close()
        return bool(self._mp4) or bool(self._jpegs)

    def _small(self, item: Segmentation) -> Frame:
        return self._brush.paint(self._shrinker.shrink(item)).frame

    def _give(self, frame: Frame, pts: int) -> None:
        if self._jpegs:
            self._jpegs.offer(Piece(to_jpeg(frame, _PREVIEW_QUALITY), is_start=True))
        if not self._mp4:
            return
        if self._fragmenter is None or frame.format is not self._form:
            if self._fragmenter is not None:
                self._offer(self._fragmenter.finish(pts))
                self.close()
            self._form = frame.format
            self._fragmenter = Fragmenter(self._form.average_rate)
        wants_start = self._mp4.take_newcomers()
        self._offer(self._fragmenter.add(frame.picture, pts, wants_start=wants_start))

    def _offer(self, piece: Piece | None) -> None:
        if piece is not None:
            self._mp4.offer(piece)


class _Brush:
    """Paints one item at a time with a stage that takes many."""

    def __init__(self, paint: Stage) -> None:
        self._painted = paint(self._inbox())

    def paint(self, item: Segmentation) -> Segmentation:
        """Return the item with a painted picture."""
        self._item = item
        painted: Segmentation = next(self._painted)
        return painted

    def _inbox(self) -> Iterator[Segmentation]:
        while True:
            yield self._item


def _black_frame(stream: str) -> Frame:
    height, width = _BLACK_HW
    form = StreamFormat(height, width, Fraction(1, 1000))
    return Frame(
        stream, 0, black_picture(_BLACK_HW), form, pts=0, duration=0, decoded_at=0.0
    )
