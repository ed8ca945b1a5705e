"""What is still to be told to one target: in order, bounded, and over restarts."""

from __future__ import annotations

import logging
import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from threading import Condition

from maskstream.stages.folder_lock import FolderInUseError, FolderLock

__all__ = ["Spool", "Waiting"]

_logger = logging.getLogger(__name__)
_OWN_NAME = re.compile(r"(\d{12})\.json")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits."""

    number: int
    body: bytes


class Spool:
    """A queue of messages, one file each. Safe between threads.

    A message is in the file system before `put` returns, so that a kill loses none;
    it is not forced to the disk, so that `put` does not wait for one, and power lost
    may lose the last seconds. Where it cannot be written it waits in memory alone.

    Args:
        folder: Where the files lie, and whose earlier ones come first; None keeps
            everything in memory, as does a folder that another process has: one of an
            earlier life, which cannot die, is no reason to run without cameras.
        capacity: Messages that may wait; the oldest make room for new ones.

    Raises:
        OSError: The folder cannot be made or read.
    """

    def __init__(self, folder: Path | None, capacity: int) -> None:
        self._folder = folder
        self._capacity = capacity
        self._changed = Condition()  # guards every field below
        self._waiting: deque[Waiting] = deque()
        self._is_failing = False
        self._next = 1
        self._lock: FolderLock | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock(folder, "keeps its events in")
            try:
                self._lock.hold()
            except FolderInUseError as error:
                _logger.error("%s: %s; events wait in memory", folder, error.strerror)
                self._folder = None
            else:
                self._read(folder)

    def __len__(self) -> int:
        with self._changed:
            return len(self._waiting)

    def put(self, body: bytes) -> int:
        """Append a message; return how many were dropped to make room."""
        with self._changed:
            message = Waiting(self._next, body)
            self._next += 1
            self._write(message)
            self._waiting.append(message)
            num_dropped = self._make_room()
            self._changed.notify_all()
        return num_dropped

    def first(self, timeout_s: float | None = None) -> Waiting | None:
        """Wait for a message and return the oldest, which stays; None: none came."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, timeout_s)
            return self._waiting[0] if self._waiting else None

    def remove(self, message: Waiting) -> bool:
        """Take a message out; False where it had been dropped meanwhile."""
        with self._changed:
            if not self._waiting or self._waiting[0].number != message.number:
                return False
            self._waiting.popleft()
            self._unlink(message)
        return True

    def close(self) -> None:
        """Leave the folder to others."""
        if self._lock is not None:
            self._lock.release()

    def _make_room(self) -> int:
        num_dropped = 0
        while len(self._waiting) > self._capacity:
            self._unlink(self._waiting.popleft())
            num_dropped += 1
        return num_dropped

    def _read(self, folder: Path) -> None:
        for path in folder.glob("*.json.new"):
            path.unlink()  # of a put that was killed
        numbers = sorted(
            int(match[1])
            for path in folder.iterdir()
            if (match := _OWN_NAME.fullmatch(path.name))
        )
        for number in numbers:
            self._next = number + 1
            body = self._path(number).read_bytes()
            if body.endswith(b"}"):
                self._waiting.append(Waiting(number, body))
            else:  # power was lost before it was on the disk
                self._path(number).unlink()
        self._make_room()

    def _path(self, number: int) -> Path:
        assert self._folder is not None, "there are files"
        return self._folder / f"{number:012d}.json"

    def _write(self, message: Waiting) -> None:
        if self._folder is None:
            return
        path = self._path(message.number)
        new = path.with_name(f"{path.name}.new")
        try:
            new.write_bytes(message.body)
            new.replace(path)
        except OSError as error:
            if not self._is_failing:
                reason = (error.strerror or str(error)).lower()
                _logger.warning(
                    "%s cannot be written, events wait in memory: %s", path, reason
                )
            self._is_failing = True
            return
        self._is_failing = False

    def _unlink(self, message: Waiting) -> None:
        if self._folder is None:
            return
        try:
            self._path(message.number).unlink(missing_ok=True)
        except OSError as error:
            _logger.warning("%s: %s", self._folder, (error.strerror or "").lower())
