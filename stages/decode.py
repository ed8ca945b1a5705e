"""Decode: an input -> its pictures, in the order and at the time they are shown."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from fractions import Fraction

import av

from maskstream.pipeline.clock import Clock
from maskstream.pipeline.errors import SourceError
from maskstream.pipeline.frame import Frame, StreamFormat
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.error_budget import ErrorBudget
from maskstream.stages.nvdec import Nvdec
from maskstream.stages.open_pictures import OpenPictures
from maskstream.stages.opening import OpenVideo, open_source
from maskstream.stages.passthrough import Passthrough
from maskstream.stages.side_streams import SideDelivery
from maskstream.stages.source import Source
from maskstream.stages.stream_format import has_changed
from maskstream.stages.timeline import Timeline
from maskstream.stages.window import Window

__all__ = ["Decoder"]

_SIDE_LAG_S = 1  # how far behind the pictures a container may hold their sound
_TRUNCATED_S = 1.0  # a promise is kept to within this, and to within a twentieth


@dataclass(frozen=True, slots=True)
class Decoder:
    """Read one input to its end, and yield each of its pictures as a `Frame`.

    What is damaged is left out and noted in the ledger (``corrupt_packets``,
    ``corrupt_frames``, ``corrupt_pictures``), as are times that had to be corrected
    (``estimated_pts``, ``non_increasing_pts``, ``pts_discontinuities``) and an end that
    came long before the promised one (``truncated``). None of that is an error.
    """

    source: Source
    stream: str
    """The id of the stream in the ledger and in every frame."""
    ledger: Ledger
    clock: Clock
    passthroughs: Sequence[Passthrough] = ()
    """Where the packets of the audio, subtitle and data streams go: one for each sink
    that copies them."""
    start_s: float | None = None
    """Leave out what is shown before, in seconds from the beginning of the video."""
    duration_s: float | None = None
    """Leave out what is shown after so many seconds."""
    error_budget: int = 1000
    """How many packets in a row may be beyond decoding."""
    threads: int = 1
    """Threads of the decoder itself."""
    nvdec: Nvdec | None = None
    """Decodes what it can, and leaves the pictures on its device."""

    def __call__(self) -> Generator[Frame, None, None]:
        """Yield the frames.

        Raises:
            SourceError: The input cannot be opened or read on, has lost more in a row
                than its budget, or gives no picture at all.
        """
        with self._open() as opened:
            window = Window.of(opened.begin_s, self.start_s, self.duration_s)
            last: Frame | None = None
            for last in self._frames(opened, window):
                self.ledger.decoded(self.stream)
                yield last
            if last is None:
                raise SourceError(f"{self.source}: {self._why_nothing()}")
            if self._is_truncated(opened, last):
                self.ledger.noted(self.stream, "truncated")

    def _open(self) -> AbstractContextManager[OpenVideo | OpenPictures]:
        if self.source.pictures:
            return nullcontext(OpenPictures(self.source))
        return open_source(
            self.source, threads=self.threads, clock=self.clock, nvdec=self.nvdec
        )

    def _frames(
        self, opened: OpenVideo | OpenPictures, window: Window
    ) -> Iterator[Frame]:
        form: StreamFormat | None = None
        pixels = ""
        timed = self._timed(opened, window)
        for index, (picture, pts, is_estimated) in enumerate(timed):
            if form is None or has_changed(picture, form, pixels):
                form = opened.format_of(picture)
                pixels = picture.format.name
            yield Frame(
                stream=self.stream,
                index=index,
                picture=picture,
                format=form,
                pts=pts,
                duration=max(picture.duration, 0),
                decoded_at=self.clock(),
                is_estimated=is_estimated,
            )

    def _timed(
        self, opened: OpenVideo | OpenPictures, window: Window
    ) -> Iterator[tuple[av.VideoFrame, int, bool]]:
        """Give each picture within the window its pts, and whether that was made up."""
        if isinstance(window.begin_s, Fraction):
            opened.seek(window.begin_s)
        budget = ErrorBudget(self.source, self.stream, self.ledger, self.error_budget)
        side = SideDelivery(self.passthroughs, opened.templates, window)
        lag_s = _SIDE_LAG_S if self.passthroughs else 0
        timeline = Timeline(opened.time_base)
        for picture in opened.pictures(budget, side):
            pts, event = timeline.place(picture.pts, picture.dts, picture.duration)
            seconds = pts * opened.time_base
            if seconds >= window.end_s + lag_s:
                return
            if seconds not in window:
                continue
            if event is not None:
                self.ledger.noted(self.stream, event)
            yield picture, pts, event is not None

    def _why_nothing(self) -> str:
        if self.start_s is None and self.duration_s is None:
            return "no picture in it can be decoded"
        length = "" if self.duration_s is None else f" in {self.duration_s:g} s"
        return f"no picture{length} from {self.start_s or 0:g} s on"

    def _is_truncated(self, opened: OpenVideo | OpenPictures, last: Frame) -> bool:
        promised_s = opened.stated_duration_s()
        if promised_s is None or self.duration_s is not None:
            return False
        lasted_s = last.pts_seconds - float(opened.begin_s)
        return lasted_s < promised_s - max(_TRUNCATED_S, promised_s / 20)
