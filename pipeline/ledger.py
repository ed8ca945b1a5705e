"""The ledger: every decoded frame gets an outcome, or the run has failed.

For each stream and each of its sinks, ``decoded == written + dropped`` at the end;
while running, the difference is what is in flight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

__all__ = ["Ledger", "SinkAccount", "StreamAccount"]


@dataclass(frozen=True, slots=True)
class SinkAccount:
    """What one sink did with the frames of one stream."""

    written: int
    dropped: Mapping[tuple[str, str], int]
    """Frames by (stage, reason), those dropped before the stream forked included."""
    files: Sequence[str] = ()
    """What it has left behind: files and folders, in the order of their making."""

    @property
    def num_dropped(self) -> int:
        """Frames dropped for any reason."""
        return sum(self.dropped.values())


@dataclass(frozen=True, slots=True)
class StreamAccount:
    """The frames of one stream, as seen now."""

    decoded: int
    sinks: Mapping[str, SinkAccount]
    notes: Mapping[str, int]
    """Counts of what is not a frame, such as ``corrupt_packets``."""

    @property
    def written(self) -> int:
        """Frames that reached every sink."""
        return min((sink.written for sink in self.sinks.values()), default=0)

    @property
    def dropped(self) -> int:
        """Frames that at least one sink has dropped (the largest count of any)."""
        return max((sink.num_dropped for sink in self.sinks.values()), default=0)

    @property
    def in_flight(self) -> Mapping[str, int]:
        """Frames without an outcome yet, by sink; all zero when balanced."""
        return {
            name: self.decoded - sink.written - sink.num_dropped
            for name, sink in self.sinks.items()
        }

    @property
    def is_balanced(self) -> bool:
        """Every decoded frame was written or dropped, at every sink."""
        return not any(self.in_flight.values())


class Ledger:
    """Counts outcomes by stream and sink. Safe between threads."""

    def __init__(self) -> None:
        self._lock = Lock()  # guards every field below
        self._sinks: dict[str, tuple[str, ...]] = {}
        self._decoded: Counter[str] = Counter()
        self._written: Counter[tuple[str, str]] = Counter()
        self._dropped: Counter[tuple[str, str, str, str]] = Counter()
        self._notes: Counter[tuple[str, str]] = Counter()
        self._files: dict[tuple[str, str], list[str]] = {}

    def open(self, stream: str, sinks: Sequence[str]) -> None:
        """Begin the account of ``stream``, whose frames go to each of ``sinks``."""
        with self._lock:
            if stream in self._sinks:
                raise ValueError(f"stream {stream!r} has an account already")
            self._sinks[stream] = tuple(sinks)

    def decoded(self, stream: str) -> None:
        """Count one picture that left the decoder."""
        with self._lock:
            self._decoded[stream] += 1

    def written(self, stream: str, sink: str, frames: int = 1) -> None:
        """Count frames that ``sink`` has made part of its output."""
        with self._lock:
            self._written[stream, sink] += frames

    def dropped(
        self,
        stream: str,
        *,
        stage: str,
        reason: str,
        sink: str | None = None,
        frames: int = 1,
    ) -> None:
        """Count frames that go no further, for one sink or (None) for all of them."""
        with self._lock:
            for name in self._sinks[stream] if sink is None else (sink,):
                self._dropped[stream, name, stage, reason] += frames

    def noted(self, stream: str, event: str, count: int = 1) -> None:
        """Count what is worth knowing and is not a frame."""
        with self._lock:
            self._notes[stream, event] += count

    def made(self, stream: str, sink: str, file: Path) -> None:
        """Note a file or folder that ``sink`` has left behind, whole or not."""
        with self._lock:
            self._files.setdefault((stream, sink), []).append(str(file))

    def settle(self, *, stage: str, reason: str) -> None:
        """Drop whatever has no outcome, after a run that was cut short has ended."""
        for stream, account in self.accounts().items():
            for sink, frames in account.in_flight.items():
                if frames > 0:
                    self.dropped(
                        stream, stage=stage, reason=reason, sink=sink, frames=frames
                    )

    def accounts(self) -> dict[str, StreamAccount]:
        """Return a snapshot of every stream's account."""
        with self._lock:
            return {
                stream: StreamAccount(
                    decoded=self._decoded[stream],
                    sinks={sink: self._sink_account(stream, sink) for sink in sinks},
                    notes={
                        event: count
                        for (of, event), count in self._notes.items()
                        if of == stream
                    },
                )
                for stream, sinks in self._sinks.items()
            }

    def _sink_account(self, stream: str, sink: str) -> SinkAccount:
        return SinkAccount(
            written=self._written[stream, sink],
            dropped={
                (stage, reason): frames
                for (of, at, stage, reason), frames in self._dropped.items()
                if (of, at) == (stream, sink)
            },
            files=tuple(self._files.get((stream, sink), ())),
        )
