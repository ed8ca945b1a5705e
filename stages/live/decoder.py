"""Decode a live source, and come back to it whenever it is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from threading import Event

from av.codec.context import Flags

from maskstream.pipeline.clock import Clock
from maskstream.pipeline.errors import SourceError
from maskstream.pipeline.frame import Frame
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.error_budget import ErrorBudget
from maskstream.stages.live.backoff import Backoff
from maskstream.stages.live.connection import Connection, SourceLostError
from maskstream.stages.live.framing import Framing
from maskstream.stages.live.pacer import Pacer, comes_in_bursts
from maskstream.stages.live.profiles import PROFILES, Profile, with_options
from maskstream.stages.live.reasons import Reason, reason_of
from maskstream.stages.live.watch import NoWatch, SourceWatch
from maskstream.stages.opening import open_source
from maskstream.stages.source import Source

__all__ = ["LiveDecoder"]

_log = logging.getLogger(__name__)

_SETTLED_S = 10.0  # up for so long, a source is given a fresh start when it is lost


@dataclass(frozen=True, slots=True, eq=False)
class LiveDecoder:
    """Yields the pictures of a live source as frames, until `stop` is called.

    Whatever goes wrong with the source is told to ``watch``, noted in the ledger
    (``lost_<reason>``, once an outage and reason), logged once, and tried again. The
    pts of all connections form one timeline, on which a gap is as long as it was.
    """

    source: Source
    """See `live_source`."""
    stream: str
    """The id of the stream in the ledger and in every frame."""
    ledger: Ledger
    clock: Clock
    watch: SourceWatch = field(default_factory=NoWatch)
    profile: Profile = PROFILES["auto"]
    options: Mapping[str, str] = field(default_factory=dict)
    """FFmpeg's own, over those of the profile."""
    backoff: Backoff = field(default_factory=Backoff)
    stall_after_s: float = 5.0
    """How long nothing may come, and at least five frame periods."""
    open_timeout_s: float = 10.0
    """How long opening may take as a whole."""
    max_fps: float | None = None
    """Frames a second of the source's time that go on; more are dropped."""
    error_budget: int = 100
    """How many packets in a row may be beyond decoding."""
    threads: int = 1
    """Threads of the decoder itself; each but the first holds back one picture."""
    wall_clock: Callable[[], float] = time.time
    """Seconds since 1970."""
    _is_stopped: Event = field(default_factory=Event)

    def stop(self) -> None:
        """End the stream, from any thread.

        A wait between attempts ends at once; an attempt, and a read from a source that
        is silent, at their time limits.
        """
        self._is_stopped.set()

    def __call__(self) -> Generator[Frame, None, None]:
        """Yield the frames of one connection after another."""
        framing = Framing(
            self.stream,
            self.ledger,
            self.clock,
            self.wall_clock,
            self.max_fps,
            self.profile.is_timed_by_arrival,
        )
        source = with_options(self.source, self.profile, self.options)
        outage = _Outage(self)
        while not self._is_stopped.is_set():
            self.watch.connecting()
            try:
                yield from self._connected(source, framing, outage)
            except SourceLostError as error:
                if error.reason is Reason.EOF and outage.is_over and source.is_looped:
                    continue
                outage.wait(error.reason, str(error))
            except SourceError as error:
                outage.wait(reason_of(error), str(error))

    def _connected(
        self, source: Source, framing: Framing, outage: _Outage
    ) -> Generator[Frame, None, None]:
        budget = ErrorBudget(source, self.stream, self.ledger, self.error_budget)
        with open_source(
            source,
            threads=self.threads,
            open_timeout_s=self.open_timeout_s,
            read_timeout_s=self.stall_after_s,
            clock=self.clock,
        ) as opened:
            connection = Connection(opened, budget, self.clock, self.stall_after_s)
            framing.connect(connection)
            if self.profile.is_low_delay:
                opened.video.codec_context.flags |= Flags.low_delay
            pacer = Pacer() if comes_in_bursts(opened.container) else None
            form = framing.format
            for picture in connection.pictures():
                if pacer is not None and picture.time is not None:
                    self._is_stopped.wait(pacer.wait_s(picture.time, self.clock()))
                if self._is_stopped.is_set():
                    return
                frame = framing.frame(picture, connection)
                if not outage.is_over or frame.format is not form:
                    outage.end()
                    self.watch.up(frame.format)
                form = frame.format
                if framing.is_too_soon(frame):
                    self.ledger.dropped(self.stream, stage="decode", reason="fps_limit")
                    continue
                yield frame


class _Outage:
    """From the loss of a source to its return: how often it was tried, and why not."""

    def __init__(self, decoder: LiveDecoder) -> None:
        self._decoder = decoder
        self._attempts = 0
        self._reason: Reason | None = None
        self._up_since_s: float | None = None
        self._down_since_s: float | None = None  # None where it never was up

    @property
    def is_over(self) -> bool:
        """Frames came, and nothing has ended that yet."""
        return self._up_since_s is not None

    def end(self) -> None:
        """Frames come."""
        self._up_since_s = self._decoder.clock()
        if self._reason is not None:
            _log.info("%s: frames come again", self._decoder.stream)
            self._reason = None

    def wait(self, reason: Reason, sentence: str) -> None:
        """Tell why the source is away, and wait until it is to be tried again."""
        decoder, now_s = self._decoder, self._decoder.clock()
        if self._up_since_s is not None:
            self._down_since_s = now_s
            if now_s - self._up_since_s >= _SETTLED_S:
                self._attempts = 0
        self._up_since_s = None
        away_s = None if self._down_since_s is None else now_s - self._down_since_s
        delay_s = decoder.backoff.delay_s(self._attempts, reason, away_s)
        self._attempts += 1
        if reason is not self._reason:
            self._reason = reason
            decoder.ledger.noted(decoder.stream, f"lost_{reason}")
            _log.warning("%s: %s (%s)", decoder.stream, sentence, reason)
        decoder.watch.down(reason, sentence, delay_s)
        decoder._is_stopped.wait(delay_s)
