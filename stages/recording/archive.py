"""A folder of recordings: what is in it, what is being written, and how much room.

All that record into one folder share one archive: the janitor must know what they
write, and each what room there is.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import NamedTuple

from maskstream.stages.folder_lock import FolderInUseError, FolderLock
from maskstream.stages.output import numbered, partial_name
from maskstream.stages.recording.disk_full import DiskFullError
from maskstream.stages.recording.index import INDEX_FOLDER, Segment, SegmentIndex
from maskstream.stages.recording.janitor import Janitor, Retention
from maskstream.stages.recording.names import check_stream_name

__all__ = ["Archive", "Archives", "Ended"]

_LOCK = f"{INDEX_FOLDER}/lock"  # out of sight
_SWEEP_S = 60
_HYSTERESIS = 1.25
_LEAST_ROOM = 4 * 2**20  # to begin again with after the disk was full to the byte


class Ended(NamedTuple):
    """What has been recorded so far."""

    num_files: int
    num_bytes: int


class Archive:
    """A folder of recordings. Safe between threads.

    Args:
        folder: Made when the first recording begins; the folder that it is in must be
            there. When it is gone later it is not made again: the disk may have been.
        retention: What is kept.
        min_free_bytes: Nothing is recorded while the file system has less room.
        wall_clock: Seconds since 1970.
    """

    def __init__(
        self,
        folder: Path,
        retention: Retention = Retention(),  # noqa: B008 - it is frozen
        min_free_bytes: int = 0,
        *,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self.retention = retention
        """May be set anew at any time, and so may ``min_free_bytes``."""
        self.min_free_bytes = min_free_bytes
        self._wall_clock = wall_clock
        self._lock = Lock()  # guards what follows
        self._index = SegmentIndex(folder)
        self._janitor = Janitor(folder, self._index, wall_clock)
        self._folder_lock = FolderLock(folder, "records into", _LOCK)
        self._writing: set[Path] = set()
        self._ended: dict[tuple[str, str], Ended] = {}
        self._is_made = False
        self._next_sweep = float("-inf")

    def begin(self, segment: Segment) -> Segment:
        """Begin a file named as ``segment`` says, or ``NAME-2`` where that is taken.

        Until `end` or `give_up` it is the caller's, and called as `path` says.

        Raises:
            FolderInUseError: Another process records into the folder.
            OSError: The folder cannot be written to, or is gone.
        """
        with self._lock:
            self._make_folder()
            path = self.folder / segment.file
            if path.exists() or partial_name(path).exists():
                path = numbered(path, 2, ())
            name = PurePosixPath(path.relative_to(self.folder))
            for parent in reversed(name.parents[:-1]):
                (self.folder / parent).mkdir(exist_ok=True)
            segment = replace(segment, file=str(name))
            self._index.append(segment)
            self._writing.add(self.path(segment))
            self._ended.setdefault((segment.stream, segment.kind), Ended(0, 0))
            return segment

    def end(self, segment: Segment) -> None:
        """Give a file its name and enter it in the index as ``segment`` is now.

        Raises:
            OSError: One of these failed; `leftovers` has the segment then.
        """
        begun = replace(segment, end=None)
        with self._lock:
            self._writing.discard(self.path(begun))
            if segment.frames:
                self.path(begun).replace(self.path(segment))
            else:
                self.path(begun).unlink(missing_ok=True)
            self._index.append(segment)
            if segment.frames:
                self._janitor.add(segment)
                key = (segment.stream, segment.kind)
                if (before := self._ended.get(key)) is not None:
                    files, num_bytes = before
                    self._ended[key] = Ended(files + 1, num_bytes + segment.bytes)

    def give_up(self, segment: Segment) -> None:
        """Leave a file as it is; `leftovers` has it from now on."""
        with self._lock:
            self._writing.discard(self.path(segment))
            if not self._writing:
                self._folder_lock.release()  # the disk may have to be unmounted

    def leftovers(self, stream: str, kind: str) -> list[Segment]:
        """List what was begun by somebody who could not end it.

        Raises:
            OSError: The folder is gone.
        """
        with self._lock:
            self._make_folder()
            writing = frozenset(self._writing)
        return [
            segment
            for path in self._index.day_files(stream)
            for segment in self._index.read_day(path)
            if segment.kind == kind
            and segment.end is None
            and self.path(segment) not in writing
        ]

    def path(self, segment: Segment) -> Path:
        """Tell where a segment's file is now; it can be played there at any moment."""
        path = self.folder / segment.file
        return partial_name(path) if segment.end is None else path

    def segments(
        self,
        stream: str,
        since: float,
        until: float,
        kinds: Collection[str] | None = None,
        *,
        newest_first: bool = False,
    ) -> Iterator[Segment]:
        """List the segments of a stream that lie in [since, until), by their start.

        Those being written are among them, and have no ``end`` yet.
        """
        check_stream_name(stream)
        for segment in self._index.read(
            stream, since, until, newest_first=newest_first
        ):
            is_wanted = kinds is None or segment.kind in kinds
            if is_wanted and self.path(segment).is_file():
                yield segment

    def check_room(self, *, again: bool = False) -> None:
        """Check that there is room to record.

        Args:
            again: After there was none, so more is wanted than must stay free.

        Raises:
            DiskFullError: There is less.
            OSError: The folder is gone.
        """
        wanted = self.min_free_bytes
        if again:
            wanted = max(int(wanted * _HYSTERESIS), wanted + _LEAST_ROOM)
        with self._lock:
            self._make_folder()
        free = self.free_bytes()
        if free < wanted:
            raise DiskFullError(free, wanted, self.folder)

    def free_bytes(self) -> int:
        """Room on the file system of the folder, for whoever is not root.

        Raises:
            OSError: The folder is not there.
        """
        return shutil.disk_usage(self.folder).free

    def sweep(self) -> None:
        """Delete what need not be kept."""
        with self._lock:
            self._sweep()

    def sweep_if_due(self) -> None:
        """Do so if the last time is a minute ago, or was not enough."""
        with self._lock:
            # Not later than that either, should the clock have gone back.
            if not 0 <= self._next_sweep - self._wall_clock() <= _SWEEP_S:
                self._sweep()

    def ended(self) -> dict[tuple[str, str], Ended]:
        """Tell what this process has ended, by stream and kind.

        Of those alone for which it has begun a file since they were last forgotten.
        """
        with self._lock:
            return dict(self._ended)

    def forget(self, stream: str) -> None:
        """Tell no more what was ended of a stream that is gone; its files stay."""
        with self._lock:
            for key in [key for key in self._ended if key[0] == stream]:
                del self._ended[key]

    @property
    def num_deleted(self) -> int:
        """Files that the janitor has deleted."""
        return self._janitor.num_deleted

    @property
    def num_bytes(self) -> int:
        """Bytes of the finished files; sweeps count what was there at the start."""
        return self._janitor.num_bytes

    def _sweep(self) -> None:
        try:
            self._folder_lock.hold()
            is_unfinished = self._janitor.sweep(self.retention, self._writing)
        except FolderInUseError:
            is_unfinished = False  # its owner sweeps, and knows what is being written
        except OSError as error:
            is_unfinished = False
            if self.folder.is_dir():  # else there is nothing to delete
                self._janitor.complain(f"{self.folder}: {error.strerror}")
        now = self._wall_clock()
        self._next_sweep = now if is_unfinished else now + _SWEEP_S

    def _make_folder(self) -> None:
        if not self._is_made:
            self.folder.mkdir(exist_ok=True)
            self._is_made = True
        if not self.folder.is_dir():
            raise FileNotFoundError(
                errno.ENOENT, os.strerror(errno.ENOENT), str(self.folder)
            )
        self._folder_lock.hold()


class Archives:
    """The archives of a process, one for each folder."""

    def __init__(self, *, wall_clock: Callable[[], float] = time.time) -> None:
        self._wall_clock = wall_clock
        self._lock = Lock()
        self._by_folder: dict[Path, Archive] = {}

    def open(self, folder: Path, retention: Retention, min_free_bytes: int) -> Archive:
        """Return the archive of a folder, which from now on keeps what is said here."""
        key = folder.resolve()
        with self._lock:
            archive = self._by_folder.get(key)
            if archive is None:
                archive = Archive(key, wall_clock=self._wall_clock)
                self._by_folder[key] = archive
        archive.retention = retention
        archive.min_free_bytes = min_free_bytes
        return archive

    def all(self) -> list[Archive]:
        """List them, for who sweeps by time and for metrics."""
        with self._lock:
            return list(self._by_folder.values())

    def forget(self, stream: str) -> None:
        """Tell no more what was ended of a stream that is gone; its files stay."""
        for archive in self.all():
            archive.forget(stream)
