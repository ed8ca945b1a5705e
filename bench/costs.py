"""What a piece of work takes of the clock and of the cores, over several rounds."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

__all__ = ["Cost", "Spread", "cost_of", "cost_of_copies", "exhaust", "spreads"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one frame took."""

    ms: float
    """Of the clock."""
    core_ms: float
    """Of all cores together, whoever worked: the CPU time of this process."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over the rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, figures: Iterable[float]) -> Spread:
        """Sum up at least one figure."""
        values = sorted(figures)
        return cls(statistics.median(values), values[0], values[-1])

    def to_json(self) -> dict[str, float]:
        """Return it ready for JSON."""
        names = ("median", "least", "most")
        return {name: round(getattr(self, name), 3) for name in names}


def cost_of(work: Callable[[], object], frames: int) -> Cost:
    """Do ``work``, which takes so many frames, and say what one of them took."""
    began_s, cpu_began_s = time.perf_counter(), time.process_time()
    work()
    cpu_s, took_s = time.process_time() - cpu_began_s, time.perf_counter() - began_s
    return Cost(took_s / frames * 1e3, cpu_s / frames * 1e3)


def cost_of_copies(copies: Sequence[Iterable[object]], frames: Sequence[int]) -> Cost:
    """Say what work takes of the clock, alone, and of cores that are all busy.

    Two cores that are threads of one real core do less at once than twice one, and each
    of eight is slower than the first alone. So the first copy is timed by itself, and
    the CPU time is that of all others at once, as many as there are cores: of that work
    the machine does cores / core-ms. One copy stands for itself. Each takes
    its number of ``frames``.
    """
    alone, *others = copies
    cost = cost_of(lambda: exhaust(alone), frames[0])
    if not others:
        return cost
    with ThreadPoolExecutor(len(others)) as pool:
        busy = cost_of(lambda: exhaust(pool.map(exhaust, others)), sum(frames[1:]))
    return Cost(cost.ms, busy.core_ms)


def exhaust(items: Iterable[object]) -> None:
    """Take every item and keep none.

    As in the pipeline: memory that is touched for the first time costs more than most
    of the work.
    """
    deque(items, maxlen=0)


def spreads(rounds: Sequence[Cost]) -> tuple[Spread, Spread]:
    """Sum up rounds: of the clock, of the cores."""
    return (
        Spread.of(cost.ms for cost in rounds),
        Spread.of(cost.core_ms for cost in rounds),
    )
