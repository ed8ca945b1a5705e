"""The overload ladder: hold labels, then a smaller network input, then drop.

Holding and dropping happen by themselves where frames wait (`Collector`). This is the
step between: while less than every k-th frame gets labels of its own, the network's
input shrinks; it grows again when there has been time for a while.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from threading import Lock

from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.frame import Batch, Frame
from maskstream.pipeline.shared_stages import NetworkSize

__all__ = ["Ladder"]

_logger = logging.getLogger(__name__)

_STEP = 0.75  # of each side: little more than half of the work
_MULTIPLE = 32  # what the network's strides divide
_DOWN_AFTER_S = 5.0
_UP_AFTER_S = 20.0  # the way up is slower: every change has the network compiled anew


@dataclass(frozen=True, slots=True)
class _Second:
    at: float
    inferred: int
    held: int


class Ladder:
    """Chooses the network's input by how many frames it has time for.

    Args:
        network_size: The input when there is time.
        every: Down to every so manieth frame, holding is enough.
        least: The smallest share of each side; 1 leaves the size as it is.
        clock: Seconds.
    """

    def __init__(
        self,
        network_size: NetworkSize,
        *,
        every: int,
        least: float,
        clock: Clock = monotonic_clock,
    ) -> None:
        self._network_size = network_size
        self._every = every
        self._clock = clock
        self._scales = [1.0]
        while self._scales[-1] * _STEP >= least:
            self._scales.append(self._scales[-1] * _STEP)
        self._lock = Lock()  # guards what follows
        self._step = 0
        self._changed_at = clock()
        self._inferred = self._held = 0
        self._seconds: deque[_Second] = deque()

    @property
    def scale(self) -> float:
        """Share of each side that the network's input has now."""
        with self._lock:
            return self._scales[self._step]

    def size(self, frame: Frame) -> tuple[int, int]:
        """Height and width of the network's input for a frame."""
        height, width = self._network_size(frame)
        scale = self.scale
        if scale == 1:
            return height, width
        return _scaled(height, scale), _scaled(width, scale)

    def observe(self, batch: Batch) -> None:
        """Count what goes to the network and what is held."""
        with self._lock:
            self._inferred += len(batch.frames)
            self._held += sum(map(len, batch.held))

    def tick(self) -> None:
        """Look back once a second, and take a step where it is due."""
        now = self._clock()
        with self._lock:
            if self._seconds and now - self._seconds[-1].at < 1.0:
                return
            self._seconds.append(_Second(now, self._inferred, self._held))
            while now - self._seconds[0].at > _UP_AFTER_S + 1.0:
                self._seconds.popleft()
            step = self._step
            if now - self._changed_at >= _DOWN_AFTER_S and self._is_pressed(now):
                step = min(step + 1, len(self._scales) - 1)
            elif now - self._changed_at >= _UP_AFTER_S and self._has_time(now):
                step = max(step - 1, 0)
            if step == self._step:
                return
            self._step, self._changed_at = step, now
        _logger.warning(
            "the network's input is now %d %% of each side, as there is %s time",
            round(self.scale * 100),
            "too little" if self.scale < 1 else "enough",
        )

    def _is_pressed(self, now: float) -> bool:
        inferred, held = self._sums(now - _DOWN_AFTER_S)
        return inferred + held > self._every * inferred > 0

    def _has_time(self, now: float) -> bool:
        """Whether twice the work, which the step up is, would be done as well."""
        inferred, held = self._sums(now - _UP_AFTER_S)
        return inferred > 0 and (inferred + held) * 2 <= self._every * inferred

    def _sums(self, since: float) -> tuple[int, int]:
        """Count what was inferred and held since then, at the size of now."""
        since = max(since, self._changed_at)
        first = next(one for one in self._seconds if one.at >= since - 0.5)
        return self._inferred - first.inferred, self._held - first.held


def _scaled(side: int, scale: float) -> int:
    return max(_MULTIPLE, round(side * scale / _MULTIPLE) * _MULTIPLE)
