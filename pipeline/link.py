"""How one stage hands its items to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from maskstream.pipeline.channel import Overflow

__all__ = ["Link"]


@dataclass(frozen=True, slots=True)
class Link:
    """The settings of the channel between two stages."""

    capacity: int = 2
    """Items that may wait."""
    overflow: Overflow = Overflow.BLOCK
    on_drop: Callable[[Any], None] | None = None
    """Called with each item that `Overflow.DROP_OLDEST` pushes out."""
    max_weight: int | None = None
    """Bound on the sum of ``weigh`` of the items that wait; one is always let in."""
    weigh: Callable[[Any], int] | None = None
    share: int = 1
    """Of a hub: turns in a row that the stream may have while others wait."""
    is_gathered: bool = False
    """Of a hub: one turn of the stream takes all that waits."""
