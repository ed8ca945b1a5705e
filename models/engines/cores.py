"""How many CPU cores this process may really use."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path


def available_cores() -> int:
    """Count the cores that affinity and the control group's quota leave, at least one.

    A container that is limited to two of 64 cores still sees 64; threads beyond its
    share only wait for each other.
    """
    cores = len(os.sched_getaffinity(0))
    quota = _quota(Path("/sys/fs/cgroup"), Path("/proc/self/cgroup"))
    return max(1, math.ceil(min(cores, quota)))


def _quota(root: Path, own: Path) -> float:
    """Return the smallest quota in cores from a control group to the root, inf if none.

    Both versions of control groups may be there side by side.

    Args:
        root: where they are mounted.
        own: says which ones a process is in, ``ID:CONTROLLERS:GROUP`` a line; the
            controllers of version 2 are not named (cgroups(7)).
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return math.inf
    quota = math.inf
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            quota = min(quota, *_up(root, group, _quota_of_version_2))
        elif "cpu" in controllers.split(","):
            mount = root / controllers
            mount = mount if mount.is_dir() else root / "cpu"
            quota = min(quota, *_up(mount, group, _quota_of_version_1))
    return quota


def _up(root: Path, group: str, read: Callable[[Path], float]) -> Iterator[float]:
    """Yield the quota of each level; the root is where a container sees its own."""
    folder = root / group.lstrip("/")
    for level in (folder, *folder.parents):
        try:
            yield read(level)
        except (OSError, ValueError):
            yield math.inf  # the root has none; another system has no such files
        if level == root:
            break


def _quota_of_version_2(level: Path) -> float:
    """Read ``cpu.max``: quota and period in microseconds, or ``max``."""
    limit, period = (level / "cpu.max").read_text().split()
    return math.inf if limit == "max" else int(limit) / int(period)


def _quota_of_version_1(level: Path) -> float:
    """Read ``cpu.cfs_quota_us``, which is -1 where there is none."""
    limit = int((level / "cpu.cfs_quota_us").read_text())
    period = int((level / "cpu.cfs_period_us").read_text())
    return math.inf if limit < 0 else limit / period
