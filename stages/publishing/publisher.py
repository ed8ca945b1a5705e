"""Publish: annotated frames -> a server that viewers watch, or a folder of HLS."""

from __future__ import annotations

import errno
import logging
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

import av

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.errors import SinkError
from maskstream.pipeline.frame import Frame, Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Outputs
from maskstream.stages.displayed_size import displayed_hw
from maskstream.stages.publishing.encoder import Encoding
from maskstream.stages.publishing.no_signal import black_picture, no_signal_picture
from maskstream.stages.publishing.session import Session
from maskstream.stages.publishing.target import Target
from maskstream.stages.ticks import items_or_ticks

__all__ = ["Publisher"]

_logger = logging.getLogger(__name__)

_TICK_S = 0.1  # what was muxed is counted, and a loss noticed, at least as often
_STUB_INTERVAL_S = 0.5  # so that somebody who comes in sees something at once
_FIRST_RETRY_S, _LAST_RETRY_S, _JITTER = 1.0, 30.0, 0.2
_NO_ROOM = {os.strerror(one).lower() for one in (errno.ENOSPC, errno.EDQUOT)}
_STABLE_S = 10.0  # a connection that held as long was a good one


@dataclass(frozen=True, slots=True)
class Publisher:
    """Sends the frames of one stream to one target, for as long as the stream lives.

    A target that is away, refuses, hangs or is too slow costs its own frames and
    nothing else: they are dropped with a reason and the connection is made again. While
    the camera is away viewers get a picture that says so.

    One connection keeps one size, that of its first picture, since neither RTSP nor
    RTMP can tell a viewer of another: pictures of another shape get black bars.
    """

    target: Target
    stream: str
    ledger: Ledger
    sink: str
    encoding: Encoding = field(default_factory=Encoding)
    size_hw: tuple[int, int] | None = None
    """Of what is published; None takes the camera's when a connection begins. With a
    size viewers can be served before the camera has been there for the first time."""
    max_fps: float | None = None
    stub_after_s: float | None = 1.0
    """Without a frame for as long, viewers are told so; None lets them wait."""
    deadline_s: float = 5.0
    """How long the target may keep one step waiting."""
    on_state: Callable[[str], None] = lambda _: None
    """Called with ``ok``, or with what is wrong, whenever that changes."""
    clock: Clock = monotonic_clock
    wall_clock: Callable[[], float] = time.time
    random: Callable[[], float] = random.random

    def __call__(self, inbox: Channel[Segmentation]) -> Outputs:
        """Publish the frame of every segmentation that ``inbox`` gives."""
        publication = _Publication(self)
        try:
            for item in items_or_ticks(inbox, _TICK_S):
                if item is None:
                    publication.wait()
                else:
                    publication.show(item.frame)
                    yield
            publication.finish()
        finally:
            publication.end()


class _Publication:
    """What is published by one run of the stage, over any number of connections."""

    def __init__(self, settings: Publisher) -> None:
        self._settings = settings
        self._clock = settings.clock
        self._session: Session | None = None
        self._rate: Fraction | None = None
        self._last: av.VideoFrame | None = None
        if settings.size_hw is not None:
            self._last = black_picture(settings.size_hw)
        self._stub: av.VideoFrame | None = None
        self._away_since_s, self._away_since = self._clock(), settings.wall_clock()
        self._stub_due_s = 0.0
        self._state = ""
        self._num_failed = 0  # connections in a row
        self._is_full = False  # the disk of the last one
        self._retry_at_s = self._clock()

    def show(self, frame: Frame) -> None:
        """Publish a frame, or drop it."""
        self._away_since_s = self._clock()
        self._away_since = self._settings.wall_clock()
        self._stub = None
        self._rate = frame.format.average_rate
        size_hw = self._settings.size_hw or displayed_hw(frame.format)
        try:
            session = self._connected(size_hw)
        except SinkError as error:
            self._lose(error)
            session = None
        if session is None:
            self._drop("disk_full" if self._is_full else "receiver_down", 1)
            return
        try:
            reason = session.show(frame)
        except SinkError as error:
            self._lose(error)  # and the frame, which was on its way
        else:
            self._last = session.last or self._last
            if reason is not None:
                self._drop(reason, 1)

    def wait(self) -> None:
        """Do what is to be done when no frame has come."""
        after_s = self._settings.stub_after_s
        now_s = self._clock()
        try:
            if self._session is not None:
                self._settle(self._session)
            if after_s is None or self._last is None:
                return
            if now_s < max(self._away_since_s + after_s, self._stub_due_s):
                return
            self._stub_due_s = now_s + _STUB_INTERVAL_S
            session = self._connected((self._last.height, self._last.width))
            if session is None:
                return
            if self._stub is None:
                self._stub = no_signal_picture(
                    self._last, self._settings.stream, self._away_since
                )
            if session.show_stub(self._stub):
                self._note("stub_pictures")
        except SinkError as error:
            self._lose(error)

    def finish(self) -> None:
        """Let the target have what it was sent."""
        if self._session is None:
            return
        try:
            self._session.finish()
            self._settle(self._session)
        except SinkError as error:
            self._lose(error)

    def end(self) -> None:
        """Let go of the connection; what is still on its way is dropped."""
        self._close("shutdown")

    def _connected(self, size_hw: tuple[int, int]) -> Session | None:
        """Return the session, a new one where it is time for it."""
        settings = self._settings
        if self._session is not None:
            self._settle(self._session)
        elif self._clock() >= self._retry_at_s:
            self._session = Session(
                settings.target,
                settings.encoding,
                size_hw,
                self._rate,
                max_fps=settings.max_fps,
                deadline_s=settings.deadline_s,
                clock=self._clock,
            )
        return self._session

    def _settle(self, session: Session) -> None:
        self._count(session.settle())
        if session.is_up and self._state != "ok":
            self._note("publish_connections")
            self._report("ok")
            _logger.info(
                "%s: publishing to %s", self._settings.stream, self._settings.target
            )

    def _lose(self, error: SinkError) -> None:
        """Drop what was on its way, and try again later."""
        session = self._session
        if session is not None and self._clock() - session.began_s > _STABLE_S:
            self._num_failed = 0
        self._is_full = str(error) in _NO_ROOM
        self._close("disk_full" if self._is_full else "receiver_lost")
        delay_s = min(_FIRST_RETRY_S * 2.0 ** min(self._num_failed, 30), _LAST_RETRY_S)
        delay_s *= 1 + _JITTER * (2 * self._settings.random() - 1)
        self._num_failed += 1
        self._retry_at_s = self._clock() + delay_s
        self._note("publish_failures")
        message = f"{self._settings.target}: {error}"
        if message != self._state:  # once, not with every attempt
            _logger.warning(
                "%s: cannot publish to %s; trying again until it can",
                self._settings.stream,
                message,
            )
            self._report(message)

    def _close(self, reason: str) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        session.close()
        self._count(session.take_muxed())
        if lost := session.num_frames_on_their_way:
            self._drop(reason, lost)

    def _count(self, num_muxed: int) -> None:
        if num_muxed:
            settings = self._settings
            settings.ledger.written(settings.stream, settings.sink, num_muxed)

    def _drop(self, reason: str, num_frames: int) -> None:
        stream, sink = self._settings.stream, self._settings.sink
        self._settings.ledger.dropped(
            stream, stage=sink, reason=reason, sink=sink, frames=num_frames
        )

    def _note(self, event: str) -> None:
        self._settings.ledger.noted(self._settings.stream, event)

    def _report(self, state: str) -> None:
        self._state = state
        self._settings.on_state(state)
