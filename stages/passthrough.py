"""Audio, subtitles and data on their way from the decoder to an encoder."""

from __future__ import annotations

import heapq
from threading import Lock

from av.packet import Packet
from av.stream import Stream

from maskstream.pipeline.ledger import Ledger

__all__ = ["Passthrough"]


class Passthrough:
    """A queue of packets between a decoder and one sink, ordered by time.

    It never blocks: a decoder that waited here would wait for a sink that waits for the
    decoder's frames. The frames in flight bound it; should they not, ``capacity_bytes``
    does, and what does not fit is lost and noted. Safe between threads.
    """

    def __init__(
        self, stream: str, ledger: Ledger, *, capacity_bytes: int = 64 * 2**20
    ) -> None:
        self._stream = stream
        self._ledger = ledger
        self._capacity_bytes = capacity_bytes
        self._lock = Lock()  # guards every field below
        self._waiting: list[tuple[float, int, Packet[Stream]]] = []  # a heap
        self._num_put = 0
        self._bytes = 0
        self._is_cancelled = False

    def put(self, packet: Packet[Stream]) -> None:
        """Queue a packet whose dts is set; packets of one time keep their order."""
        with self._lock:
            if self._is_cancelled:
                return
            is_full = self._bytes + packet.size > self._capacity_bytes
            if not is_full:
                entry = (_seconds(packet), self._num_put, packet)
                heapq.heappush(self._waiting, entry)
                self._num_put += 1
                self._bytes += packet.size
        if is_full:
            self._ledger.noted(self._stream, "passthrough_overflow")

    def take_until(self, seconds: float) -> list[Packet[Stream]]:
        """Take the packets to be decoded at ``seconds`` or before, in order of time."""
        taken = []
        with self._lock:
            while self._waiting and self._waiting[0][0] <= seconds:
                _, _, packet = heapq.heappop(self._waiting)
                self._bytes -= packet.size
                taken.append(packet)
        return taken

    def take_rest(self) -> list[Packet[Stream]]:
        """Take every packet, in order of time, once the last frame has been written."""
        return self.take_until(float("inf"))

    def cancel(self) -> None:
        """Discard what waits and what may come: the sink has left."""
        with self._lock:
            self._is_cancelled = True
            self._waiting.clear()
            self._bytes = 0


def _seconds(packet: Packet[Stream]) -> float:
    assert packet.dts is not None  # the decoder sets it on every packet it sends here
    return float(packet.dts * packet.time_base)
