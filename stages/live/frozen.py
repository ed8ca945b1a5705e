"""Tell a picture that stands still from one that lives."""

from __future__ import annotations

import zlib

import av
import numpy as np

from maskstream.stages.device_picture import on_host

__all__ = ["Freeze"]

_EVERY_S = 1.0
_ROWS = 8  # a line of text, such as a clock in the picture, is higher
_MAX_S = 3600.0


class Freeze:
    """Watches one stream, over all its connections, for pictures that are identical.

    Only pictures that are so to the last bit count: a camera that lives has noise, and
    a sensor or an encoder that hangs repeats itself. As a still scene behind a strong
    noise filter looks the same, each finding doubles the time to the next one.
    """

    def __init__(self, after_s: float | None) -> None:
        self._after_s = after_s
        self._limit_s = after_s or 0.0
        self._sum: int | None = None
        self._since_s = 0.0
        self._looked_s: float | None = None
        self.is_frozen = False
        """The last picture is still the one of the last finding."""

    def has_set_in(self, picture: av.VideoFrame, now_s: float) -> bool:
        """Look at the next picture; True when it has stood still for too long."""
        if self._after_s is None:
            return False
        if self._looked_s is not None and now_s - self._looked_s < _EVERY_S:
            return False
        self._looked_s = now_s
        found = _sum_of(picture)
        if found != self._sum:
            self._sum, self._since_s = found, now_s
            self._limit_s, self.is_frozen = self._after_s, False
            return False
        if now_s - self._since_s < self._limit_s:
            return False
        self._since_s = now_s
        self._limit_s = min(2 * self._limit_s, _MAX_S)
        self.is_frozen = True
        return True

    def begin(self, now_s: float) -> None:
        """Go on with a new connection: what was not seen did not stand still."""
        self._since_s = now_s


def _sum_of(picture: av.VideoFrame) -> int:
    """Sum up some rows of the first plane."""
    plane = on_host(picture).planes[0]
    buffer: memoryview[int] = memoryview(plane)
    rows = np.frombuffer(buffer, np.uint8).reshape(-1, abs(plane.line_size))
    return zlib.crc32(rows[: plane.height : _ROWS, : plane.width].tobytes())
