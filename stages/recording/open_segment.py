"""A segment being written, and when another must follow it."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import replace

import av

from maskstream.pipeline.frame import Segmentation
from maskstream.stages.recording.archive import Archive
from maskstream.stages.recording.files import SegmentFiles
from maskstream.stages.recording.index import Segment
from maskstream.stages.recording.names import SegmentNames

__all__ = ["OpenSegment"]

# By so much the time of a frame and its pts may go apart within a file: less would cut
# it at each hiccup of the network, more would make the times in it wrong.
_MAX_DRIFT_S = 10.0


class OpenSegment:
    """One file of a recording, from its first frame to its last.

    Args:
        archive: Where it is.
        names: How it is called, and how long it lasts.
        files: What kind of file it is.
        first: Its first item, still to be written.
        start: When that was taken, in seconds since 1970.
        sink: The sink's name in the ledger.

    Raises:
        OSError: It cannot be written.
        av.FFmpegError: It cannot be encoded.
    """

    def __init__(
        self,
        archive: Archive,
        names: SegmentNames,
        files: SegmentFiles,
        first: Segmentation,
        start: float,
        sink: str,
    ) -> None:
        frame = first.frame
        self._archive = archive
        self._names = names
        self._format = frame.format
        self._number = names.number(start)
        self._num_given = 0
        self._end_pts = frame.pts
        self._segment = archive.begin(
            Segment(
                stream=frame.stream,
                kind=files.kind,
                file=f"{names.name(frame.stream, start)}{files.suffix}",
                start=start,
                pts=frame.pts,
                time_base=frame.format.time_base,
                height=frame.format.height,
                width=frame.format.width,
            )
        )
        self._stack = ExitStack()
        try:
            path = archive.path(self._segment)
            self._part = self._stack.enter_context(files.open(path, first, start, sink))
        except BaseException:
            archive.give_up(self._segment)
            raise

    @property
    def due_until(self) -> float:
        """When its time is over, in seconds since 1970."""
        return (self._number + 1) * self._names.length_s

    def ends_before(self, item: Segmentation, taken_at: float) -> str | None:
        """Say why ``item`` belongs into another file; None if it does not."""
        frame = item.frame
        if frame.format is not self._format:
            return "format"
        if self._names.number(taken_at) > self._number:
            return "clock"
        elapsed_s = float((frame.pts - self._segment.pts) * self._segment.time_base)
        if abs(taken_at - self._segment.start - elapsed_s) > _MAX_DRIFT_S:
            return "jump"
        return None

    def write(self, item: Segmentation) -> None:
        """Write an item."""
        self._num_given += 1
        self._part.write(item)
        self._end_pts = max(self._end_pts, item.frame.pts + item.frame.duration)

    def end(self, reason: str) -> None:
        """Finish the file and give it its name."""
        self._part.flush()
        self._stack.close()
        segment = self._segment
        seconds = float((self._end_pts - segment.pts) * segment.time_base)
        path = self._archive.path(segment)
        self._archive.end(
            replace(
                segment,
                end=segment.start + seconds,
                frames=self._part.num_written,
                bytes=path.stat().st_size,
                is_cut=reason == "disk_full",
                reason=reason,
            )
        )

    def give_up(self) -> int:
        """Close the file as it is; returns how many items it was given and lacks."""
        with suppress(OSError, av.FFmpegError):
            self._stack.close()
        self._archive.give_up(self._segment)
        return self._num_given - self._part.num_written
