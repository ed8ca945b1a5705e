"""The recorder: a stream in files that begin with the clock, and what it does in need.

Whatever happens to a file or its disk costs the frames of this sink, which are dropped
and counted with the reason. It never raises, and tries again by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass

import av

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Outputs
from maskstream.stages.recording.archive import Archive
from maskstream.stages.recording.disk_full import DiskFullError
from maskstream.stages.recording.files import SegmentFiles
from maskstream.stages.recording.health import RecorderHealth, drop_reason, sentence
from maskstream.stages.recording.names import SegmentNames, check_stream_name
from maskstream.stages.recording.open_segment import OpenSegment
from maskstream.stages.recording.recovery import recover
from maskstream.stages.ticks import items_or_ticks

__all__ = ["SegmentRecorder"]

_TICK_S = 1.0
_LATE_S = 10.0
"""How long a segment whose time is over waits for frames still on their way."""


@dataclass(frozen=True, slots=True)
class SegmentRecorder:
    """Records one stream: a new file with the clock, and with a change of format.

    Raises:
        ConfigError: The stream's id cannot be part of a file's name.
    """

    stream: str
    files: SegmentFiles
    archive: Archive
    names: SegmentNames
    ledger: Ledger
    sink: str
    """The sink's name in the ledger."""
    on_state: Callable[[str], None] = lambda _: None
    """Called with ``ok``, or with what is wrong, whenever that changes."""
    clock: Clock = monotonic_clock
    wall_clock: Callable[[], float] = time.time
    """Tells when a frame was taken that does not say so itself, and how late it is."""

    def __post_init__(self) -> None:
        check_stream_name(self.stream)

    def __call__(self, inbox: Channel[Segmentation]) -> Outputs:
        """Record every segmentation that ``inbox`` gives."""
        with closing(_Recording(self)) as recording:
            for item in items_or_ticks(inbox, _TICK_S):
                recording.look_around(is_idle=item is None)
                if item is not None:
                    recording.take(item)
                    yield


class _Recording:
    """What a recorder has at hand."""

    def __init__(self, settings: SegmentRecorder) -> None:
        self._settings = settings
        self._archive = settings.archive
        self._health = RecorderHealth(
            f"{settings.stream}: {settings.sink}", settings.on_state, settings.clock
        )
        self._open: OpenSegment | None = None
        self._left_for: str | None = "killed"  # Why there may be leftovers.
        self._look_at = float("-inf")

    def take(self, item: Segmentation) -> None:
        """Write an item, into a new file where it is time for one; or drop it."""
        taken_at = item.frame.captured_at
        if taken_at is None:
            taken_at = self._settings.wall_clock()
        if self._open is not None and (end := self._open.ends_before(item, taken_at)):
            self._end(end)
        if self._open is None and not self._begin(item, taken_at):
            self._drop(1)
            return
        assert self._open is not None
        try:
            self._open.write(item)
        except (OSError, av.FFmpegError) as error:
            self._fail(error)

    def look_around(self, *, is_idle: bool) -> None:
        """See to the disk and the clock, once a second."""
        now = self._settings.clock()
        if now < self._look_at and not is_idle:
            return
        self._look_at = now + _TICK_S
        self._archive.sweep_if_due()
        if self._open is None:
            return
        late_s = self._settings.wall_clock() - self._open.due_until
        if is_idle and late_s > _LATE_S:
            self._end("clock")
            return
        try:
            self._archive.check_room()
        except DiskFullError as error:
            self._end("disk_full")
            self._stop(error)
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        """End the file that is being written."""
        self._end("end")

    def _begin(self, item: Segmentation, taken_at: float) -> bool:
        """Open a file for ``item`` and what follows, if there is a disk for it."""
        if not self._health.is_due():
            return False
        settings = self._settings
        try:
            self._recover()
            self._archive.sweep()
            self._archive.check_room(again=self._health.reason == "disk_full")
            self._open = OpenSegment(
                self._archive,
                settings.names,
                settings.files,
                item,
                taken_at,
                settings.sink,
            )
        except (OSError, av.FFmpegError) as error:
            self._left_for = self._left_for or drop_reason(error)
            self._stop(error)
            return False
        self._health.work()
        return True

    def _end(self, reason: str) -> None:
        if self._open is None:
            return
        try:
            self._open.end(reason)
        except (OSError, av.FFmpegError) as error:
            self._fail(error)
            return
        self._open = None

    def _fail(self, error: Exception) -> None:
        """Leave the file as it is, and drop what it has not taken."""
        assert self._open is not None
        self._stop(error)
        self._drop(self._open.give_up())
        self._open = None
        self._left_for = drop_reason(error)
        with suppress(OSError):  # If it cannot be, then before the next file.
            self._recover()

    def _recover(self) -> None:
        if self._left_for is None:
            return
        settings = self._settings
        kind = settings.files.kind
        if recover(self._archive, settings.stream, kind, self._left_for):
            self._left_for = None

    def _stop(self, error: Exception) -> None:
        self._health.fail(drop_reason(error), sentence(error, self._archive.folder))

    def _drop(self, frames: int) -> None:
        settings, reason = self._settings, self._health.reason
        assert reason is not None
        if frames:
            settings.ledger.dropped(
                settings.stream,
                stage=settings.sink,
                reason=reason,
                sink=settings.sink,
                frames=frames,
            )
