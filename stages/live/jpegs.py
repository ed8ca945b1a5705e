"""JPEGs that end in the middle, told from those of a camera that never ends them."""

from __future__ import annotations

from typing import Any

from av.packet import Packet

__all__ = ["JpegEnds"]

_END = b"\xff\xd9"  # EOI (ITU-T T.81, B.1.1.3)
_PADDING = 64  # bytes that may follow it
_HABIT = 10  # so many in a row without are the camera's way


class JpegEnds:
    """Knows whether the JPEGs of a source have an end.

    FFmpeg makes the rest of one that lacks it grey and says nothing.
    """

    def __init__(self) -> None:
        self._have_ends = False
        self._num_cut = 0

    def is_cut_short(self, packet: Packet[Any]) -> bool:
        """Tell whether this one lacks the end that the others have."""
        if not packet.size:
            return False
        if _END in bytes(memoryview(packet)[-_PADDING:]):
            self._have_ends, self._num_cut = True, 0
            return False
        self._num_cut += 1
        if self._num_cut >= _HABIT:
            self._have_ends = False
        return self._have_ends
