"""Items as they come, and a tick where none does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from maskstream.pipeline.channel import Channel

__all__ = ["items_or_ticks"]

T = TypeVar("T")


def items_or_ticks(inbox: Channel[T], tick_s: float) -> Iterator[T | None]:
    """Yield each item, and None whenever ``tick_s`` has passed without one."""
    while True:
        taken = inbox.take(timeout_s=tick_s)
        if taken:
            yield taken[0]
        elif inbox.is_closed and not inbox.depth:  # in this order: what is closed is so
            return
        else:
            yield None
