"""From the pictures of one connection after another to the frames of one stream."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

import av

from maskstream.pipeline.clock import Clock
from maskstream.pipeline.frame import Frame, StreamFormat
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.live.connection import Connection
from maskstream.stages.live.timeline import LiveTimeline
from maskstream.stages.stream_format import has_changed

__all__ = ["Framing"]

_ARRIVAL_TIME_BASE = Fraction(1, 90_000)


@dataclass(slots=True, eq=False)
class Framing:
    """Numbers, times and describes the pictures of a stream, whatever the connection.

    The format stays one object while nothing changes that matters to a sink.
    """

    stream: str
    ledger: Ledger
    clock: Clock
    max_fps: float | None
    is_by_arrival: bool
    """The source's own times are not used, nor its clock."""
    format: StreamFormat | None = None
    """Of the last frame."""
    _timeline: LiveTimeline = field(default_factory=LiveTimeline)
    _pixels: str = ""
    _num_frames: int = 0
    _due_s: float | None = None

    def frame(self, picture: av.VideoFrame, connection: Connection) -> Frame:
        """Make the next frame, which has left the decoder just now."""
        now_s = self.clock()
        form = self._describe(picture, connection)
        times: tuple[int | None, int | None, int]
        times = picture.pts, picture.dts, max(picture.duration, 0)
        if self._is_by_arrival(connection):
            times = int(now_s / form.time_base), None, 0
        pts, event = self._timeline.place(*times, now_s)
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
            duration=times[2],
            decoded_at=now_s,
            is_estimated=event is not None,
            captured_at=connection.sender_clock.captured_at(picture.pts),
        )

    def connect(self, connection: Connection) -> None:
        """Go on with the pictures of a new connection."""
        self._timeline.connect(self._time_base(connection))

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
        form = self.format
        if (
            form is None
            or form.time_base != self._time_base(connection)
            or has_changed(picture, form, self._pixels)
        ):
            form = self.format = replace(
                connection.opened.format_of(picture),
                time_base=self._time_base(connection),
            )
            self._pixels = picture.format.name
        return form

    def _is_by_arrival(self, connection: Connection) -> bool:
        # What FFmpeg takes for times of JPEGs over HTTP is a rate that it made up.
        name = connection.opened.container.format.name
        return self.is_by_arrival or name == "mpjpeg"

    def _time_base(self, connection: Connection) -> Fraction:
        if self._is_by_arrival(connection):
            return _ARRIVAL_TIME_BASE
        return connection.opened.time_base
