"""Signals: SIGTERM and SIGINT stop, a second time at once; SIGHUP reloads."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

__all__ = ["Signals", "caught_signals"]


@dataclass(slots=True)
class Signals:
    """What was asked for so far. Plain numbers: a handler may take no lock."""

    num_stops: int = 0
    num_reloads: int = 0


@contextmanager
def caught_signals() -> Iterator[Signals]:
    """Count signals instead of dying of them; the old handlers come back at the end.

    For the main thread only, where Python runs its signal handlers.
    """
    signals = Signals()

    def on_stop(_number: int, _frame: FrameType | None) -> None:
        signals.num_stops += 1

    def on_reload(_number: int, _frame: FrameType | None) -> None:
        signals.num_reloads += 1

    handlers = {
        signal.SIGINT: on_stop,
        signal.SIGTERM: on_stop,
        signal.SIGHUP: on_reload,
    }
    old = {number: signal.signal(number, on) for number, on in handlers.items()}
    try:
        yield signals
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
