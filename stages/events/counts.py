"""What events there were, and what became of telling them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock

__all__ = ["EventCounts"]


class EventCounts:
    """Counters that metrics can read. Safe between threads."""

    def __init__(self) -> None:
        self._lock = Lock()  # guards every field below
        self._events: Counter[tuple[str, str]] = Counter()
        self._clips: Counter[tuple[str, str]] = Counter()
        self._deliveries: Counter[tuple[str, str]] = Counter()
        self._waiting: dict[str, int] = {}

    def event(self, stream: str, rule: str) -> None:
        """Count an event that began."""
        with self._lock:
            self._events[stream, rule] += 1

    def clip(self, stream: str, outcome: str) -> None:
        """Count a clip or snapshot, ``ok`` or ``failed``, of an event that is known."""
        with self._lock:
            if any(known == stream for known, _ in self._events):
                self._clips[stream, outcome] += 1

    def delivery(self, target: str, outcome: str) -> None:
        """Count a message (``ok``, ``rejected``, ``dropped``) or a ``failed`` try."""
        with self._lock:
            self._deliveries[target, outcome] += 1

    def waiting(self, target: str, messages: int) -> None:
        """Note how many messages wait for a target."""
        with self._lock:
            self._waiting[target] = messages

    def forget(self, stream: str) -> None:
        """Tell nothing more of a stream that is gone, nor of its clips to come."""
        with self._lock:
            for counts in (self._events, self._clips):
                for key in [key for key in counts if key[0] == stream]:
                    del counts[key]

    def events(self) -> Mapping[tuple[str, str], int]:
        """Events by stream and rule."""
        with self._lock:
            return dict(self._events)

    def clips(self) -> Mapping[tuple[str, str], int]:
        """Clips and snapshots by stream and outcome."""
        with self._lock:
            return dict(self._clips)

    def deliveries(self) -> Mapping[tuple[str, str], int]:
        """Messages and failed tries by target and outcome."""
        with self._lock:
            return dict(self._deliveries)

    def backlog(self) -> Mapping[str, int]:
        """Messages that wait, by target."""
        with self._lock:
            return dict(self._waiting)
