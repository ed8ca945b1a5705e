"""The files of HLS, written so that a full disk is noticed.

FFmpeg's muxer tries a segment that it could not write once more, and then goes on as if
it were there (hlsenc.c, hls_write_packet): players got segments that end in the middle.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

__all__ = ["SegmentFile", "open_segment_file"]


class SegmentFile:
    """A file that takes all of what it is given, or raises OSError."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)

    def write(self, piece: bytes) -> int:
        """Write all of ``piece``: what is cut short is tried again, for its error."""
        rest = memoryview(piece)
        while rest:
            rest = rest[self._file.write(rest) :]
        return len(piece)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_segment_file(name: str, flags: int, options: Mapping[str, str]) -> SegmentFile:
    """Open what the muxer wants to write, as PyAV's ``io_open``."""
    del flags, options
    return SegmentFile(Path(name.removeprefix("file:")))
