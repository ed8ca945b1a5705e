"""From the pictures of one connection after another to the frames of one stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import av

from maskstream.pipeline.clock import Clock
from maskstream.pipeline.frame import Frame, StreamFormat
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.live.connection import Connection
from maskstream.stages.live.timeline import LiveTimeline
from maskstream.stages.stream_format import has_changed

__all__ = ["Framing"]

_MAX_SKEW_S = 60  # a clock that is further off is set wrong


@dataclass(slots=True, eq=False)
class Framing:
    """Numbers, times and describes the pictures of a stream, whatever the connection.

    The format stays one object while nothing changes that matters to a sink.
    """

    stream: str
    ledger: Ledger
    clock: Clock
    wall_clock: Callable[[], float]
    max_fps: float | None
    _timeline: LiveTimeline = field(default_factory=LiveTimeline)
    _format: StreamFormat | None = None
    _pixels: str = ""
    _num_frames: int = 0
    _due_s: float | None = None

    def frame(self, picture: av.VideoFrame, connection: Connection) -> Frame:
        """Make the next frame, which has left the decoder just now."""
        now_s = self.clock()
        form = self._describe(picture, connection)
        pts, event = self._timeline.place(
            picture.pts, picture.dts, picture.duration, now_s
        )
        if event is not None:
            self.ledger.noted(self.stream, event)
        self.ledger.decoded(self.stream)
        self._num_frames += 1
        return Frame(
            stream=self.stream,
            index=self._num_frames - 1,
            picture=picture,
            format=form,
            pts=pts,
            duration=max(picture.duration, 0),
            decoded_at=now_s,
            is_estimated=event is not None,
            captured_at=self._captured_at(picture, connection),
        )

    def connect(self, connection: Connection) -> None:
        """Go on with the pictures of a new connection."""
        self._timeline.connect(connection.opened.time_base)

    def is_too_soon(self, frame: Frame) -> bool:
        """Whether ``frame`` is one more than `max_fps` lets through."""
        if self.max_fps is None:
            return False
        period_s = 1 / self.max_fps
        if self._due_s is None:
            self._due_s = frame.pts_seconds
        if frame.pts_seconds < self._due_s - 0.1 * period_s:
            return True
        self._due_s = max(self._due_s, frame.pts_seconds - period_s) + period_s
        return False

    def _describe(self, picture: av.VideoFrame, connection: Connection) -> StreamFormat:
        form = self._format
        if (
            form is None
            or form.time_base != connection.opened.time_base
            or has_changed(picture, form, self._pixels)
        ):
            form = self._format = connection.opened.format_of(picture)
            self._pixels = picture.format.name
        return form

    def _captured_at(self, picture: av.VideoFrame, connection: Connection) -> float:
        now_s = self.wall_clock()
        offset_s = connection.clock_offset_s
        if offset_s is None or picture.pts is None:
            return now_s
        captured_at = float(offset_s + picture.pts * connection.opened.time_base)
        if abs(captured_at - now_s) > _MAX_SKEW_S:
            return now_s
        return captured_at
