"""Fragmented MP4 as a preview gives it."""

from __future__ import annotations

import io
from typing import Any, cast

import av

from maskstream.pipeline.frame import Frame

__all__ = ["FragmentEncoder"]

GOP = 3


class FragmentEncoder:
    """H.264 in fragments, each from one keyframe to before the next."""

    def __init__(self, size_hw: tuple[int, int], rate: int) -> None:
        self._file = _Pieces()
        self._container = av.open(
            cast(Any, self._file),
            "w",
            format="mp4",
            options={"movflags": "empty_moov+default_base_moof+frag_keyframe"},
        )
        height, width = size_hw
        self._track: Any = self._container.add_stream(
            "libx264",
            rate=rate,
            options={
                "preset": "ultrafast",
                "tune": "zerolatency",
                "profile": "baseline",
            },
        )
        self._track.width, self._track.height = width, height
        self._track.pix_fmt, self._track.gop_size = "yuv420p", GOP
        self._container.start_encoding()

    def encode(self, frame: Frame) -> list[bytes]:
        """Encode a frame; gives what is whole by then."""
        picture = frame.picture
        picture.pts, picture.time_base = frame.pts, frame.format.time_base
        picture.pict_type = 0
        self._container.mux(self._track.encode(picture))
        return self._file.take()


class _Pieces(io.RawIOBase):
    """Gathers what a muxer writes at once."""

    def __init__(self) -> None:
        self._written = b""

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._written += bytes(piece)
        return len(piece)

    def take(self) -> list[bytes]:
        """Cut what was written into the initialisation segment and fragments."""
        pieces, self._written = _cut(self._written), b""
        return pieces


def _cut(written: bytes) -> list[bytes]:
    pieces: list[bytes] = []
    position = 0
    while position < len(written):
        size = int.from_bytes(written[position : position + 4], "big")
        kind = written[position + 4 : position + 8]
        box = written[position : position + size]
        if kind in (b"ftyp", b"moof") or not pieces:
            pieces.append(box)
        else:
            pieces[-1] += box
        position += size
    return pieces
