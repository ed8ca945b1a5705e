"""The index of recordings: a line of JSON when a segment begins, another when it ends.

``.index/STREAM/DAY.jsonl`` in the folder of the recordings, one file for the segments
of a stream that began on one day (UTC). Lines are only added; the last one about a file
holds. A kill may leave a torn line, which is passed over, and a segment that has only
begun, which `recovery` ends. A line whose file is gone says nothing any more; the
janitor removes a day when all its files are.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from maskstream.pipeline.clock import utc_text
from maskstream.stages.recording.names import DAY_S

__all__ = ["INDEX_FOLDER", "Segment", "SegmentIndex", "day_of"]

INDEX_FOLDER = ".index"
_NUMBERS = ("pts", "height", "width", "frames", "bytes")


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of a recording, as the index knows it."""

    stream: str
    kind: str
    """What is in it: video, mask or records."""
    file: str
    """Its name within the folder of the recordings, with / between folders."""
    start: float
    """When its first frame was taken, in seconds since 1970."""
    pts: int
    """Of its first frame, in the source; time zero of the file."""
    time_base: Fraction
    """Seconds in one unit of ``pts``."""
    height: int
    width: int
    end: float | None = None
    """When its last frame had passed; None while it is being written."""
    frames: int = 0
    bytes: int = 0
    is_cut: bool = False
    """Its end is missing, or was not what was to come: it plays to ``end``."""
    reason: str | None = None
    """Why it ended: clock, format, jump, end; cut: killed, disk_full, ..."""

    def to_json(self) -> str:
        """Write it as a line, without the newline."""
        return json.dumps(
            {
                "stream": self.stream,
                "kind": self.kind,
                "file": self.file,
                "start": utc_text(self.start),
                "end": None if self.end is None else utc_text(self.end),
                "pts": self.pts,
                "time_base": str(self.time_base),
                "height": self.height,
                "width": self.width,
                "frames": self.frames,
                "bytes": self.bytes,
                "cut": self.is_cut,
                "reason": self.reason,
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, line: str) -> Segment:
        """Read what `to_json` has written.

        Raises:
            ValueError: It is something else, or names a file outside the folder.
        """
        return cls.from_keys(json.loads(line))

    @classmethod
    def from_keys(cls, keys: Any) -> Segment:
        """Read a line that was parsed; raises what `from_json` raises."""
        try:
            own = dict[str, Any](keys)
            is_cut, end = bool(own.pop("cut")), own.pop("end")
            segment = cls(
                start=_seconds(own.pop("start")),
                end=None if end is None else _seconds(end),
                time_base=_fraction(own.pop("time_base")),
                is_cut=is_cut,
                **own,
            )
            is_within = ".." not in segment.file.split("/")
            is_whole = all(isinstance(getattr(segment, key), int) for key in _NUMBERS)
        except (TypeError, KeyError, AttributeError, ZeroDivisionError) as error:
            raise ValueError(f"not a segment: {error}") from error
        if not is_within or segment.file.startswith("/"):
            raise ValueError(f"{segment.file} is not within the recordings")
        if not is_whole or not isinstance(segment.kind, str):
            raise ValueError(f"{segment.file} has keys of the wrong type")
        return segment


class SegmentIndex:
    """The index of a folder of recordings. Safe between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / INDEX_FOLDER

    def append(self, segment: Segment) -> None:
        """Add a line, which is there whole or not at all.

        Raises:
            OSError: It cannot be written; nothing has changed then.
        """
        path = self.day_file(segment)
        # Not the folder above: when that is gone, so is the disk it was on.
        self._folder.mkdir(exist_ok=True)
        path.parent.mkdir(exist_ok=True)
        line = segment.to_json().encode() + b"\n"
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            before = os.fstat(file).st_size
            if before and os.pread(file, 1, before - 1) != b"\n":
                line = b"\n" + line  # a kill has torn the last one
            if os.write(file, line) < len(line):
                # What was written is a torn line.
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        finally:
            os.close(file)

    def day_file(self, segment: Segment) -> Path:
        """Name the file that holds the lines about ``segment``."""
        return self._folder / segment.stream / f"{day_of(segment.start)}.jsonl"

    def day_files(self, stream: str | None = None) -> list[Path]:
        """List the files of a stream, or of all, oldest day first."""
        pattern = f"{'*' if stream is None else stream}/*.jsonl"
        return sorted(self._folder.glob(pattern), key=lambda path: path.name)

    def read_day(self, path: Path) -> Iterator[Segment]:
        """Read the last line about each file."""
        last: dict[str, Any] = {}
        for keys in _read_lines(path):
            last[keys["file"]] = keys
        for keys in last.values():
            with suppress(ValueError):  # somebody else's
                yield Segment.from_keys(keys)

    def read(
        self, stream: str, since: float, until: float, *, newest_first: bool = False
    ) -> Iterator[Segment]:
        """Read the segments of a stream that lie in [since, until), by their start.

        One that is being written counts as lasting still. A day is read when it is
        come to.
        """
        # One that began the day before may reach over midnight.
        first_day, last_day = day_of(max(0, since - DAY_S)), day_of(max(0, until))
        for path in sorted(self.day_files(stream), reverse=newest_first):
            if first_day <= path.stem <= last_day:
                for segment in sorted(
                    self.read_day(path),
                    key=lambda one: (one.start, one.kind),
                    reverse=newest_first,
                ):
                    is_over = segment.end is not None and segment.end <= since
                    if segment.start < until and not is_over:
                        yield segment


def day_of(seconds: float) -> str:
    """Name the day (UTC) of a time since 1970."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            keys = json.loads(line)
        except ValueError:
            continue  # torn, or empty
        if isinstance(keys, dict) and isinstance(keys.get("file"), str):
            yield keys


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@lru_cache(maxsize=64)
def _fraction(text: str) -> Fraction:
    return Fraction(text)
