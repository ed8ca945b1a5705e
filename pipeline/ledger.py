"""The ledger: every decoded frame gets an outcome, or the run has failed.

For each stream and each of its sinks, ``decoded == written + dropped`` at the end;
while running, the difference is what is in flight.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

__all__ = ["Ledger", "SinkAccount", "StreamAccount"]

_MAX_FILES = 1000  # of a sink that writes for months, the last so many are named


@dataclass(frozen=True, slots=True)
class SinkAccount:
    """What one sink did with the frames of one stream."""

    written: int
    dropped: Mapping[tuple[str, str], int]
    """Frames by (stage, reason), those dropped before the stream forked included."""
    files: Sequence[str] = ()
    """What it has left behind: files and folders, in the order of their making."""
    since: int = 0
    """How many frames of the stream were decoded before the sink was there."""

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
            name: self.decoded - sink.since - sink.written - sink.num_dropped
            for name, sink in self.sinks.items()
        }

    @property
    def is_balanced(self) -> bool:
        """Every decoded frame was written or dropped, at every sink."""
        return not any(self.in_flight.values())


@dataclass(slots=True)
class _Sums:
    """Of one sink."""

    since: int = 0
    written: int = 0
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    files: deque[str] = field(default_factory=lambda: deque(maxlen=_MAX_FILES))

    def snapshot(self) -> SinkAccount:
        dropped = dict(self.dropped)
        return SinkAccount(self.written, dropped, tuple(self.files), self.since)


@dataclass(slots=True)
class _Account:
    """Of one stream."""

    sinks: dict[str, _Sums]
    decoded: int = 0
    notes: Counter[str] = field(default_factory=Counter)

    def snapshot(self) -> StreamAccount:
        sinks = {name: sums.snapshot() for name, sums in self.sinks.items()}
        return StreamAccount(self.decoded, sinks, dict(self.notes))


class Ledger:
    """Counts outcomes by stream and sink. Safe between threads.

    What is told of a stream or a sink that has no account is not kept.
    """

    def __init__(self) -> None:
        self._lock = Lock()  # guards the accounts
        self._accounts: dict[str, _Account] = {}

    def open(self, stream: str, sinks: Iterable[str]) -> None:
        """Begin the account of ``stream``, whose frames go to each of ``sinks``."""
        with self._lock:
            if stream in self._accounts:
                raise ValueError(f"stream {stream!r} has an account already")
            self._accounts[stream] = _Account({sink: _Sums() for sink in sinks})

    def reopen(self, stream: str, sinks: Iterable[str]) -> None:
        """Go on with the account of a stream that is built again, or begin one.

        A sink that is new to it has no part in the frames that were decoded before.
        """
        with self._lock:
            account = self._accounts.setdefault(stream, _Account({}))
            account.sinks = {
                sink: account.sinks.get(sink, _Sums(since=account.decoded))
                for sink in sinks
            }

    def forget(self, stream: str) -> None:
        """Close the account of a stream that has ended."""
        with self._lock:
            self._accounts.pop(stream, None)

    def decoded(self, stream: str) -> None:
        """Count one picture that left the decoder."""
        with self._lock:
            if account := self._accounts.get(stream):
                account.decoded += 1

    def written(self, stream: str, sink: str, frames: int = 1) -> None:
        """Count frames that ``sink`` has made part of its output."""
        with self._lock:
            for sums in self._sums(stream, sink):
                sums.written += frames

    def num_written(self, stream: str, sink: str) -> int:
        """Count what ``sink`` has written so far, without a snapshot of it all."""
        with self._lock:
            return sum(sums.written for sums in self._sums(stream, sink))

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
            for sums in self._sums(stream, sink):
                sums.dropped[stage, reason] += frames

    def noted(self, stream: str, event: str, count: int = 1) -> None:
        """Count what is worth knowing and is not a frame."""
        with self._lock:
            if account := self._accounts.get(stream):
                account.notes[event] += count

    def made(self, stream: str, sink: str, file: Path) -> None:
        """Note a file or folder that ``sink`` has left behind, whole or not."""
        with self._lock:
            for sums in self._sums(stream, sink):
                sums.files.append(str(file))

    def settle(self, *, stage: str, reason: str, stream: str | None = None) -> None:
        """Drop whatever has no outcome, after a run that was cut short has ended.

        Of one stream, or (None) of all.
        """
        with self._lock:
            streams = self._accounts if stream is None else (stream,)
            for name in streams:
                if account := self._accounts.get(name):
                    for sink, frames in account.snapshot().in_flight.items():
                        if frames > 0:
                            account.sinks[sink].dropped[stage, reason] += frames

    def account(self, stream: str) -> StreamAccount:
        """Return a snapshot of one stream's account; an empty one if it has none."""
        with self._lock:
            account = self._accounts.get(stream)
            return StreamAccount(0, {}, {}) if account is None else account.snapshot()

    def accounts(self) -> dict[str, StreamAccount]:
        """Return a snapshot of every stream's account."""
        with self._lock:
            return {stream: one.snapshot() for stream, one in self._accounts.items()}

    def _sums(self, stream: str, sink: str | None) -> Sequence[_Sums]:
        account = self._accounts.get(stream)
        if account is None:
            return ()
        if sink is None:
            return tuple(account.sinks.values())
        return (account.sinks[sink],) if sink in account.sinks else ()
