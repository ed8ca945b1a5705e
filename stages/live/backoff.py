"""How long to wait before a source that is away is tried again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from maskstream.stages.live.reasons import Reason

__all__ = ["Backoff"]

_SOON_S = 3.0
_RECENT_S = 600.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubles the wait with each attempt that fails, up to a limit.

    One that was up not long ago is tried often: most cameras that go away are back
    within minutes, and then their frames are wanted within seconds. Not so where it
    refuses the password: many lock out who tries a wrong one too often.
    """

    initial_s: float = 1.0
    """Before the first attempt after a loss."""
    max_s: float = 30.0
    jitter: float = 0.2
    """Share of the wait by which it is made longer or shorter at random, so that
    cameras behind one switch do not all come at once."""
    random: Callable[[], float] = random.random

    def delay_s(self, attempt: int, reason: Reason, away_s: float | None) -> float:
        """Seconds to wait.

        Args:
            attempt: How many have failed since frames came; 0 right after a loss.
            reason: Why the last one did.
            away_s: Seconds since the last frame; None where there never was one.
        """
        limit_s = self.max_s
        is_recent = away_s is not None and away_s < _RECENT_S
        if is_recent and reason is not Reason.AUTH:
            limit_s = min(limit_s, _SOON_S)
        delay_s = min(self.initial_s * 2.0 ** min(attempt, 30), limit_s)
        return delay_s * (1 + self.jitter * (2 * self.random() - 1))
