"""Packets of RTP that did not come: FFmpeg tells of them in its log alone."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av.logging
from av.packet import Packet

from maskstream.stages.source import Source

__all__ = ["PacketLosses", "hear_losses"]

_MISSED = re.compile(r"RTP: missed (\d+) packets")  # libavformat/rtpdec.c
_Log = tuple[int, str, str]


@dataclass(slots=True, eq=False)
class PacketLosses:
    """What was missed on one connection.

    All that a log says is that something is missing behind what was given before. So
    the packet during whose reading it comes may be damaged, and what follows may be
    predicted from what is not there.
    """

    logs: list[_Log]
    num_missed: int = 0
    """Packets of RTP, of which a picture may have many."""
    _ahead_s: float | None = None
    _until_s: Fraction | None = None

    def distrust_opening(self, lasted_s: float) -> None:
        """Go on from an opening, which has read ahead as much as comes meanwhile.

        Where something was missed then, nobody knows where in it.
        """
        self._take()
        if self.num_missed:
            self._ahead_s = lasted_s

    def mark(self, packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
        """Mark as corrupt what may be so, by what is missing before it.

        What was read ahead holds no keyframe to begin with.
        """
        num_before = self.num_missed
        for packet in packets:
            self._take()
            if self._was_read_ahead(packet):
                packet.is_keyframe = False
            if self.num_missed > num_before:
                packet.is_corrupt = True
                num_before = self.num_missed
            yield packet

    def _was_read_ahead(self, packet: Packet[Any]) -> bool:
        if self._ahead_s is None or packet.pts is None:
            return self._ahead_s is not None
        taken_s = packet.pts * packet.time_base
        if self._until_s is None:
            self._until_s = taken_s + Fraction(self._ahead_s)
        if taken_s > self._until_s:
            self._ahead_s = None
        return self._ahead_s is not None

    def _take(self) -> None:
        for _, _, message in self.logs:
            if match := _MISSED.match(message):
                self.num_missed += int(match[1])
        self.logs.clear()


@contextmanager
def hear_losses(source: Source) -> Generator[PacketLosses, None, None]:
    """Hear what FFmpeg says on this thread, for as long as the block.

    Only of sources that come over RTP: PyAV takes the interpreter's lock for each line.
    """
    if not source.url.lower().startswith(("rtsp:", "rtsps:", "rtp:")):
        yield PacketLosses([])
        return
    if (av.logging.get_level() or 0) < av.logging.WARNING:
        av.logging.set_level(av.logging.WARNING)
        # Nobody else asked for it.
        logging.getLogger("libav").setLevel(logging.CRITICAL + 1)
    av.logging.set_skip_repeated(False)  # what another connection said just before
    with av.logging.Capture() as logs:
        yield PacketLosses(logs)
