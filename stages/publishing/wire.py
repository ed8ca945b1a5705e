"""What goes between a publisher and the process that holds its connection.

Down go one opening and then packets; the end of the stream ends the connection. Up come
single bytes, one for each packet that was muxed, and at the end either `FINISHED` or
`FAILED` with a sentence.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import BinaryIO

__all__ = [
    "FAILED",
    "FINISHED",
    "MUXED",
    "TICKS_PER_S",
    "EncodedPicture",
    "Opening",
    "read_opening",
    "read_picture",
]

TICKS_PER_S = 90_000
"""The unit of all times, which MPEG-TS and RTP count in, too."""

MUXED, FINISHED, FAILED = b".", b"$", b"!"

_LENGTH = struct.Struct("!I")
_PICTURE = struct.Struct("!qI?I")


@dataclass(frozen=True, slots=True)
class Opening:
    """What a connection begins with."""

    url: str
    """Credentials and all: it travels here and not in the command line, which every
    user of the machine may read."""
    format: str
    options: Mapping[str, str]
    deadline_s: float
    """How long one step of FFmpeg's may take before the process is ended."""
    height: int
    width: int

    def to_bytes(self) -> bytes:
        """Write it for `read_opening`."""
        text = json.dumps(asdict(self)).encode()
        return _LENGTH.pack(len(text)) + text


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """One picture as H.264 in Annex B, its parameter sets before each keyframe."""

    pts: int
    """In ticks; pictures are in the order of their times."""
    duration: int
    is_keyframe: bool
    payload: bytes

    def to_bytes(self) -> bytes:
        """Write it for `read_picture`."""
        head = self.pts, self.duration, self.is_keyframe, len(self.payload)
        return _PICTURE.pack(*head) + self.payload


def read_opening(file: BinaryIO) -> Opening:
    """Read what a connection begins with."""
    (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
    return Opening(**json.loads(file.read(length)))


def read_picture(file: BinaryIO) -> EncodedPicture | None:
    """Read the next picture; None at the end."""
    head = file.read(_PICTURE.size)
    if len(head) < _PICTURE.size:
        return None
    pts, duration, is_keyframe, size = _PICTURE.unpack(head)
    payload = file.read(size)
    if len(payload) < size:
        return None
    return EncodedPicture(pts, duration, is_keyframe, payload)
