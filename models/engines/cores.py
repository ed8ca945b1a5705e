"""How many CPU cores this process may really use."""

from __future__ import annotations

import math
import os
from pathlib import Path


def available_cores() -> int:
    """Count the cores that affinity and the control group's quota leave, at least one.

    A container that is limited to two of 64 cores still sees 64; threads beyond its
    share only wait for each other.
    """
    cores = len(os.sched_getaffinity(0))
    quota = _quota(Path("/sys/fs/cgroup"), _own_group())
    return max(1, math.ceil(min(cores, quota)))


def _own_group() -> str:
    """Return this process's control group (version 2) below the root, ``/`` if none."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return "/"
    groups = [line.removeprefix("0::") for line in lines if line.startswith("0::")]
    return groups[0] if groups else "/"


def _quota(root: Path, group: str) -> float:
    """Return the smallest quota in cores from a group up to the root, inf if none.

    Each level's ``cpu.max`` holds the quota and the period in microseconds, or ``max``
    (kernel documentation, admin-guide/cgroup-v2).
    """
    folder = root / group.lstrip("/")
    quota = math.inf
    for level in (folder, *folder.parents):
        if not level.is_relative_to(root):
            break
        try:
            limit, period = (level / "cpu.max").read_text().split()
        except (OSError, ValueError):
            continue  # the root has no such file; another system has none at all
        if limit != "max":
            quota = min(quota, int(limit) / int(period))
    return quota
