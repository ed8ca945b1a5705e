"""Decode a live source, and come back to it whenever it is away."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
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
from maskstream.stages.live.frozen import Freeze
from maskstream.stages.live.losses import hear_losses
from maskstream.stages.live.outage import Outage
from maskstream.stages.live.pacer import Pacer, comes_in_bursts
from maskstream.stages.live.profiles import PROFILES, Profile, with_options
from maskstream.stages.live.pulse import Pulse
from maskstream.stages.live.reach import Address, address_of
from maskstream.stages.live.reasons import Reason, reason_of
from maskstream.stages.live.sender_clock import SenderClock
from maskstream.stages.live.watch import NoWatch, SourceWatch
from maskstream.stages.nvdec import Nvdec
from maskstream.stages.opening import open_source
from maskstream.stages.source import Source

__all__ = ["LiveDecoder"]


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
    frozen_after_s: float | None = None
    """How long every picture may be the same; None lets them be."""
    max_fps: float | None = None
    """Frames a second of the source's time that go on; more are dropped."""
    error_budget: int = 100
    """How many packets in a row may be beyond decoding."""
    threads: int = 1
    """Threads of the decoder itself; each but the first holds back one picture."""
    nvdec: Nvdec | None = None
    """Decodes what it can, and leaves the pictures on its device."""
    wall_clock: Callable[[], float] = time.time
    """Seconds since 1970."""
    _is_stopped: Event = field(default_factory=Event)
    _pulse: Pulse = field(default_factory=Pulse)

    def stop(self) -> None:
        """End the stream, from any thread.

        A wait between attempts ends at once; an attempt, and a read from a source that
        is silent, at their time limits.
        """
        self._is_stopped.set()

    def hang(self) -> Reason | None:
        """Say whether a call hangs that has no limit, and nothing can end."""
        return self._pulse.hang(self.clock)

    def __call__(self) -> Generator[Frame, None, None]:
        """Yield the frames of one connection after another."""
        framing = Framing(
            self.stream,
            self.ledger,
            self.clock,
            self.max_fps,
            self.profile.is_timed_by_arrival,
        )
        freeze = Freeze(self.frozen_after_s)
        source = with_options(self.source, self.profile, self.options)
        outage = Outage(
            self.stream,
            self.ledger,
            self.clock,
            self.watch,
            self.backoff,
            address_of(source.url),
            self._is_stopped,
        )
        while not self._is_stopped.is_set():
            if not outage.is_over:  # a file in a loop is there all the time
                self.watch.connecting()
            try:
                yield from self._connected(source, framing, freeze, outage)
            except SourceLostError as error:
                if error.reason is Reason.EOF and outage.is_over and source.is_looped:
                    continue
                outage.wait(error.reason, str(error))
            except SourceError as error:
                outage.wait(*_explain(error, source, outage.address))

    def _connected(
        self, source: Source, framing: Framing, freeze: Freeze, outage: Outage
    ) -> Generator[Frame, None, None]:
        budget = ErrorBudget(source, self.stream, self.ledger, self.error_budget)
        began_s = self.clock()
        opening = open_source(
            source,
            threads=self.threads,
            open_timeout_s=self.open_timeout_s,
            read_timeout_s=self.stall_after_s,
            clock=self.clock,
            nvdec=self.nvdec,
        )
        with hear_losses(source) as losses, ExitStack() as stack:
            with self._pulse.call(self.clock, self.open_timeout_s, Reason.TIMEOUT):
                opened = stack.enter_context(opening)
            losses.distrust_opening(self.clock() - began_s)
            connection = Connection(
                opened,
                budget,
                self.clock,
                self.stall_after_s,
                losses,
                self._pulse,
                SenderClock(opened.time_base, self.wall_clock),
            )
            framing.connect(connection)
            freeze.begin(self.clock())
            if self.profile.is_low_delay:
                opened.video.codec_context.flags |= Flags.low_delay
            pacer = Pacer() if comes_in_bursts(opened.container) else None
            form = framing.format
            for picture in connection.pictures():
                if pacer is not None and picture.time is not None:
                    self._is_stopped.wait(pacer.wait_s(picture.time, self.clock()))
                if self._is_stopped.is_set():
                    return
                if freeze.has_set_in(picture, self.clock()):
                    raise SourceLostError(
                        f"{source}: the picture stands still", Reason.FROZEN
                    )
                frame = framing.frame(picture, connection)
                is_new = not outage.is_over or frame.format is not form
                form = frame.format
                if is_new and not freeze.is_frozen:
                    outage.end(form)
                if picture.is_corrupt:
                    self.ledger.dropped(self.stream, stage="decode", reason="corrupt")
                elif framing.is_too_soon(frame):
                    self.ledger.dropped(self.stream, stage="decode", reason="fps_limit")
                else:
                    yield frame


def _explain(
    error: SourceError, source: Source, address: Address | None
) -> tuple[Reason, str]:
    """Say why a source could not be opened; ask the network where FFmpeg is vague."""
    reason = reason_of(error)
    if reason is Reason.NETWORK and address is not None:
        found = address.diagnose()
        if found is not None:
            return found[0], f"{source}: {found[1]}"
    return reason, str(error)
