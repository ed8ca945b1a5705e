"""Events in a file: one line of JSON each, on the disk before the next is written."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from maskstream.stages.events.delivery import NotNowError

__all__ = ["JsonLines"]


@dataclass(frozen=True, slots=True)
class JsonLines:
    """Appends to a file, which makes way for a new one when it is full or the day ends.

    The old one is called ``events-20261128T122421Z.jsonl`` then. A line that a kill cut
    off is ended before the next.
    """

    path: Path
    max_bytes: int = 64 * 2**20
    is_daily: bool = True
    """A new file for each day (UTC)."""
    keep: int = 30
    """Old files that stay."""
    wall_clock: Callable[[], float] = time.time
    name: str = "jsonl"

    @contextmanager
    def open(self) -> Iterator[Callable[[bytes], None]]:
        """Give what appends a line; the file is opened for each, so it may be moved."""

        def append(body: bytes) -> None:
            try:
                self._append(body)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise NotNowError(f"{self.path} cannot be written: {reason}") from error

        yield append

    def _append(self, body: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self._is_due(len(body) + 1):
            self._rotate()
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        with os.fdopen(descriptor, "rb+", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            line = body + b"\n"
            if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
                line = b"\n" + line
            try:
                if file.write(line) != len(line):
                    raise OSError("the disk is full")
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)  # it comes again, whole
                raise

    def _is_due(self, num_bytes: int) -> bool:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return False
        is_full = status.st_size + num_bytes > self.max_bytes
        days = {int(seconds // 86_400) for seconds in (status.st_mtime, self._now_s())}
        return status.st_size > 0 and (is_full or (self.is_daily and len(days) > 1))

    def _rotate(self) -> None:
        stamp = datetime.fromtimestamp(self._now_s(), UTC).strftime("%Y%m%dT%H%M%SZ")
        number, old = 1, self._old(stamp)
        while old.exists():
            number += 1
            old = self._old(f"{stamp}-{number:03d}")
        self.path.rename(old)
        pattern = f"{self.path.stem}-*Z*{self.path.suffix}"
        for path in sorted(self.path.parent.glob(pattern), reverse=True)[self.keep :]:
            path.unlink()

    def _old(self, stamp: str) -> Path:
        return self.path.with_name(f"{self.path.stem}-{stamp}{self.path.suffix}")

    def _now_s(self) -> float:
        return self.wall_clock()
