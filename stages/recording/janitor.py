"""The janitor: deletes the oldest recordings, by age and by the room that they take.

It knows the files that the index names and touches no other. Not one file more goes
than must, over all streams of the folder, oldest end first.
"""

from __future__ import annotations

import logging
import shutil
from bisect import insort
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from heapq import nsmallest
from pathlib import Path

from maskstream.stages.output import partial_name
from maskstream.stages.recording.index import Segment, SegmentIndex, day_of

__all__ = ["Janitor", "Retention"]

_logger = logging.getLogger(__name__)

# In one sweep, so that no sink is held for long. What is not counted yet can only be
# more, so what has to go by what is counted has to go.
_MAX_DELETED = 256
_MAX_COUNTED = 4  # files of the index

# Kept in mind, of half a kilobyte each: a day of 15 cameras in minutes of three kinds.
# Of more, the index of the day is read again when these are gone.
_MAX_KNOWN = 65_536


@dataclass(frozen=True, slots=True)
class Retention:
    """How long recordings of a folder are kept; None sets no bound."""

    max_age_s: float | None = None
    max_bytes: int | None = None
    """Of all recordings of the folder together."""
    max_disk_share: float | None = None
    """The same as a share of the room that other files leave."""


class Janitor:
    """Deletes what need not be kept. Its caller sees that one thread is in it.

    Args:
        folder: Of the recordings.
        index: Of that folder.
        wall_clock: Seconds since 1970.
    """

    def __init__(
        self, folder: Path, index: SegmentIndex, wall_clock: Callable[[], float]
    ) -> None:
        self.num_deleted = 0
        self.num_bytes = 0
        """Of the finished files that it has counted."""
        self._folder = folder
        self._index = index
        self._wall_clock = wall_clock
        # What is to go next: the first files up to the end of a day.
        self._oldest: list[Segment] = []
        self._day = ""
        self._has_more = False  # up to that day, in the index alone
        self._uncounted: list[Path] | None = None
        self._complaint = ""

    def add(self, segment: Segment) -> None:
        """Tell of a file that was finished and is in the index."""
        if self._uncounted is None:
            return
        if self._index.day_file(segment) not in self._uncounted:
            self.num_bytes += segment.bytes
        if day_of(segment.start) <= self._day:
            self._has_more = True
            # It comes after files that are not known, if it is not among those known.
            if self._oldest and _end(segment) < _end(self._oldest[-1]):
                insort(self._oldest, segment, key=_end)
                del self._oldest[_MAX_KNOWN:]

    def sweep(self, retention: Retention, writing: Collection[Path]) -> bool:
        """Delete the oldest files while they are too old or too many.

        Args:
            retention: What may stay.
            writing: Files being written, which stay and take room.

        Returns:
            Whether more is to be done, by another call.
        """
        self._count(writing)
        written = sum(map(_size, writing))
        limit = self._limit_bytes(retention, self.num_bytes + written) - written
        for _ in range(_MAX_DELETED):
            segment = self._next(writing)
            if segment is None:
                return bool(self._uncounted)
            is_old = (
                retention.max_age_s is not None
                and _end(segment) < self._wall_clock() - retention.max_age_s
            )
            if not is_old and self.num_bytes <= limit:
                return bool(self._uncounted)
            if not self._delete(segment, writing):
                return False
        return True

    def complain(self, complaint: str) -> None:
        """Tell, once, what keeps it from its work."""
        if complaint != self._complaint:
            _logger.warning("%s; no recordings are deleted", complaint)
        self._complaint = complaint

    def _limit_bytes(self, retention: Retention, own_bytes: int) -> float:
        limit = float("inf")
        if retention.max_bytes is not None:
            limit = retention.max_bytes
        if retention.max_disk_share is not None:
            room = own_bytes + shutil.disk_usage(self._folder).free
            limit = min(limit, retention.max_disk_share * room)
        return limit

    def _count(self, writing: Collection[Path]) -> None:
        """Count what was there at the start, a little at a time."""
        if self._uncounted is None:
            self._uncounted = self._index.day_files()
        for path in self._uncounted[:_MAX_COUNTED]:
            self._read(path, writing)

    def _read(self, path: Path, writing: Collection[Path]) -> list[Segment]:
        """Read a day, and count it if it is not yet."""
        segments = self._files_of(path, writing)
        if self._uncounted and path in self._uncounted:
            self._uncounted.remove(path)
            self.num_bytes += sum(segment.bytes for segment in segments)
        return segments

    def _next(self, writing: Collection[Path]) -> Segment | None:
        """Find the file that is to go first."""
        while not self._oldest:
            days = self._index.day_files()
            if not self._has_more:
                later = [path for path in days if path.stem > self._day]
                if not later:
                    return None
                self._forget_days()
                self._day = later[0].stem
            files = (
                segment
                for path in days
                if path.stem <= self._day
                for segment in self._read(path, writing)
            )
            self._oldest = nsmallest(_MAX_KNOWN + 1, files, key=_end)
            self._has_more = len(self._oldest) > _MAX_KNOWN
            del self._oldest[_MAX_KNOWN:]
        return self._oldest[0]

    def _files_of(self, path: Path, writing: Collection[Path]) -> list[Segment]:
        """List the files that are there, of which none is being written."""
        return [
            segment
            for segment in self._index.read_day(path)
            if (file := self._file(segment)).exists() and file not in writing
        ]

    def _file(self, segment: Segment) -> Path:
        file = self._folder / segment.file
        return partial_name(file) if segment.end is None else file

    def _delete(self, segment: Segment, writing: Collection[Path]) -> bool:
        file = self._file(segment)
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            # Newer ones would have to go in its place, one by one.
            self.complain(f"{file} cannot be deleted: {error.strerror}")
            return False
        self._complaint = ""
        self._oldest.pop(0)
        self.num_bytes -= segment.bytes
        self.num_deleted += 1
        in_use = {parent for one in writing for parent in one.parents}
        self._remove_empty(file.parent, in_use)
        return True

    def _remove_empty(self, folder: Path, in_use: Collection[Path]) -> None:
        while folder != self._folder and folder not in in_use:
            try:
                folder.rmdir()
            except OSError:
                return  # not empty
            folder = folder.parent

    def _forget_days(self) -> None:
        """Remove the index of days up to the last, if it lies well in the past."""
        yesterday = day_of(self._wall_clock() - 2 * 86_400)
        for path in self._index.day_files():
            if path.stem <= self._day and path.stem < yesterday:
                with suppress(OSError):
                    path.unlink()
                    path.parent.rmdir()


def _end(segment: Segment) -> float:
    return segment.start if segment.end is None else segment.end


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
