"""Signals that ask a run to stop after its step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["noted_signals"]

_SIGNALS = signal.SIGINT, signal.SIGTERM


@contextmanager
def noted_signals() -> Iterator[Callable[[], bool]]:
    """Note the first SIGINT or SIGTERM; the second finds the handlers of before.

    In the main thread alone, where Python runs its signal handlers; elsewhere nothing
    is ever noted.

    Yields:
        What tells whether there was one.
    """
    is_noted = False
    before: dict[signal.Signals, Any] = {}

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_noted
        is_noted = True
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    if threading.current_thread() is threading.main_thread():
        before |= {number: signal.signal(number, note) for number in _SIGNALS}
    try:
        yield lambda: is_noted
    finally:
        restore()
