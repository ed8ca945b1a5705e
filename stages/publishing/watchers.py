"""Those who watch a preview: a little of it waits for each, however slow they are."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Lock

__all__ = ["Audience", "Piece"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Something to send to everybody."""

    payload: bytes
    is_start: bool
    """One may begin to watch with it."""
    head: bytes = b""
    """What must have been sent before it, once; the same object as long as it holds."""


class _Watcher:
    """A short queue. What comes in when it is full replaces what waits."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._changed = Condition()  # guards the fields below
        self._waiting: deque[Piece] = deque()
        self._is_skipping = True
        self._has_ended = False

    def offer(self, piece: Piece) -> None:
        with self._changed:
            if len(self._waiting) >= self._capacity:
                self._waiting.clear()
                self._is_skipping = True
            if piece.is_start:
                self._is_skipping = False
            if not self._is_skipping:
                self._waiting.append(piece)
                self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self._has_ended = True
            self._waiting.clear()
            self._changed.notify_all()

    def pieces(self) -> Iterator[bytes]:
        head = b""
        while (piece := self._take()) is not None:
            if piece.head is not head:
                head = piece.head
                yield head
            yield piece.payload

    def _take(self) -> Piece | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._has_ended)
            return self._waiting.popleft() if self._waiting else None


class Audience:
    """Everybody who watches the same. Safe between threads.

    Args:
        capacity: Pieces that wait for one watcher at most. Who has more to catch up
            with goes on at the next piece that one may begin with.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = Lock()  # guards the fields below
        self._watchers: set[_Watcher] = set()
        self._has_newcomers = False
        self._has_ended = False

    def __bool__(self) -> bool:
        """Whether somebody watches."""
        return bool(self._watchers)

    @contextmanager
    def watch(self) -> Iterator[Iterator[bytes]]:
        """Watch until the context is left, on any thread, or all is over."""
        watcher = _Watcher(self._capacity)
        with self._lock:
            if self._has_ended:
                watcher.end()
            else:
                self._watchers.add(watcher)
                self._has_newcomers = True
        try:
            yield watcher.pieces()
        finally:
            with self._lock:
                self._watchers.discard(watcher)
            watcher.end()

    def take_newcomers(self) -> bool:
        """Whether somebody has come since the last call."""
        with self._lock:
            has_newcomers, self._has_newcomers = self._has_newcomers, False
            return has_newcomers

    def offer(self, piece: Piece) -> None:
        """Send a piece to everybody; never waits."""
        with self._lock:
            watchers = tuple(self._watchers)
        for watcher in watchers:
            watcher.offer(piece)

    def end(self) -> None:
        """Send everybody home, and all who are still to come."""
        with self._lock:
            self._has_ended = True
            watchers = tuple(self._watchers)
        for watcher in watchers:
            watcher.end()
