"""How often something that fails is begun again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from maskstream.pipeline.clock import Clock

__all__ = ["RestartLimit"]


@dataclass(slots=True, eq=False)
class RestartLimit:
    """So many restarts in a window of time, the first at once; then no more."""

    clock: Clock
    max_restarts: int = 5
    window_s: float = 60.0
    delay_s: float = 1.0
    """Between a failure and the restart after it, from the second on."""
    _failed_at: deque[float] = field(default_factory=deque)

    def may_restart(self) -> bool:
        """Count a failure; False when it was one too many."""
        now = self.clock()
        while self._failed_at and now - self._failed_at[0] > self.window_s:
            self._failed_at.popleft()
        self._failed_at.append(now)
        return len(self._failed_at) <= self.max_restarts

    def restart_in_s(self) -> float:
        """Seconds until the restart is due; none or less when it is."""
        if len(self._failed_at) < 2:
            return 0.0
        return self._failed_at[-1] + self.delay_s - self.clock()

    def forget(self) -> None:
        """Begin to count anew."""
        self._failed_at.clear()
