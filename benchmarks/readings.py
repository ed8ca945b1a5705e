"""What the benchmarks of the daemon read of it, and how they tell what they found."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

__all__ = [
    "Bounds",
    "Footprint",
    "dropped",
    "is_balanced",
    "print_machine",
    "slope_mb_per_h",
    "written",
]

console = Console(highlight=False, width=110)


def written(view: Any) -> int:
    """Count the frames of a stream that are at every sink."""
    return min((sink["written"] for sink in view["sinks"].values()), default=0)


def dropped(view: Any) -> Counter[str]:
    """Count frames by the place and reason of their drop, of the worst sink of each."""
    ways: Counter[str] = Counter()
    for sink in view["sinks"].values():
        for drop in sink["dropped"]:
            way = f"{drop['stage']}: {drop['reason']}"
            ways[way] = max(ways[way], drop["frames"])
    return ways


def is_balanced(view: Any) -> bool:
    """Whether every decoded frame is written, dropped or on its way, at each sink."""
    return all(
        view["decoded"]
        == sink["written"]
        + sink["in_flight"]
        + sum(drop["frames"] for drop in sink["dropped"])
        for sink in view["sinks"].values()
    )


@dataclass(frozen=True)
class Footprint:
    """What a process holds."""

    at: float
    """On the monotonic clock."""
    rss_mb: float
    num_threads: int
    num_files: int

    @classmethod
    def of(cls, pid: int) -> Footprint:
        """Look at a process of this machine."""
        status = Path(f"/proc/{pid}/status").read_text()
        facts = dict(line.split(":", 1) for line in status.splitlines())
        return cls(
            at=time.monotonic(),
            rss_mb=int(facts["VmRSS"].split()[0]) / 1024,
            num_threads=int(facts["Threads"]),
            num_files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        )


def slope_mb_per_h(footprints: Sequence[Footprint]) -> float:
    """Fit a line to the memory, by least squares."""
    hours = [(one.at - footprints[0].at) / 3600 for one in footprints]
    return float(np.polyfit(hours, [one.rss_mb for one in footprints], 1)[0])


class Bounds:
    """What must hold; each is printed with its verdict."""

    def __init__(self) -> None:
        self._missed = 0

    def hold(self, what: str, found: str, *, holds: bool) -> None:
        """Tell of one."""
        self._missed += not holds
        console.print(f"{'ok    ' if holds else 'MISSED'}  {what}: {found}")

    @property
    def exit_code(self) -> int:
        """1 when one was missed."""
        return int(self._missed > 0)


def print_machine() -> None:
    """Say where and when, and what else ran: figures mean little without."""
    load, *_ = os.getloadavg()
    console.print(
        f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores, "
        f"load before the run {load:.1f}"
    )
