"""When a picture was taken, by the clock of the camera that sends it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from av.packet import Packet

__all__ = ["SenderClock"]

_MAX_SKEW_S = 60  # a clock that is further off is set wrong
_MAX_DRIFT_S = 1  # from one report to the next


class SenderClock:
    """Turns the times of one connection into seconds since 1970 (RTCP's reports).

    A report that would move all pictures by more than a second is believed only where
    it brings them nearer to their arrival: GStreamer's server sends wrong ones, off by
    the age of the connection, once another client opens the same path.

    Args:
        time_base: Of the pictures.
        wall_clock: Seconds since 1970, here.
    """

    def __init__(self, time_base: Fraction, wall_clock: Callable[[], float]) -> None:
        self._time_base = time_base
        self._wall_clock = wall_clock
        self._offset_s: Fraction | None = None

    def take(self, packet: Packet[Any]) -> None:
        """Read the sender's clock from a packet, if it comes with a report."""
        if packet.pts is None or not packet.has_sidedata("prft"):
            return
        # AVProducerReferenceTime, libavcodec/defs.h: microseconds since 1970 first
        (wall_us,) = struct.unpack_from("=q", bytes(packet.get_sidedata("prft")))
        self.report(packet.pts, wall_us / 1e6)

    def report(self, pts: int, wall_s: float) -> None:
        """Learn that the picture at ``pts`` was taken at ``wall_s``."""
        offset_s = Fraction(wall_s) - pts * self._time_base
        if self._offset_s is not None:
            before_s = float(self._offset_s + pts * self._time_base)
            now_s = self._wall_clock()
            is_step = abs(wall_s - before_s) > _MAX_DRIFT_S
            if is_step and abs(wall_s - now_s) > abs(before_s - now_s):
                return
        self._offset_s = offset_s

    def captured_at(self, pts: int | None) -> float:
        """Say when a picture that came just now was taken, in seconds since 1970."""
        now_s = self._wall_clock()
        if self._offset_s is None or pts is None:
            return now_s
        taken_s = float(self._offset_s + pts * self._time_base)
        return now_s if abs(taken_s - now_s) > _MAX_SKEW_S else taken_s
