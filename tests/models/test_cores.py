from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from maskstream.models.engines.cores import _quota, available_cores

OWN = "12:cpu,cpuacct:/pod/container\n1:name=systemd:/pod\n0::/pod/container\n"


def quota(folder: Path, files: Mapping[str, str], own: str = OWN) -> float:
    """Lay out control groups, and find the quota of a process in some of them."""
    for name, content in files.items():
        path = folder / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n")
    (folder / "own").write_text(own)
    return _quota(folder / "cgroup", folder / "own")


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, math.inf),
        ({"pod/container/cpu.max": "max 100000"}, math.inf),
        ({"pod/container/cpu.max": "max 100000", "pod/cpu.max": "150000 100000"}, 1.5),
        ({"cpu.max": "50000 100000"}, 0.5),
        ({"pod/container/cpu.max": "nonsense"}, math.inf),
        (
            {
                "cpu,cpuacct/pod/container/cpu.cfs_quota_us": "200000",
                "cpu,cpuacct/pod/container/cpu.cfs_period_us": "100000",
                "cpu,cpuacct/cpu.cfs_quota_us": "-1",
                "cpu,cpuacct/cpu.cfs_period_us": "100000",
            },
            2,
        ),
        ({"cpu/cpu.cfs_quota_us": "30000", "cpu/cpu.cfs_period_us": "10000"}, 3),
    ],
)
def test_the_smallest_quota_holds(
    tmp_path: Path, files: dict[str, str], cores: float
) -> None:
    """In both versions, from a container's own group up to the root that it sees."""
    assert quota(tmp_path, files) == cores


def test_a_system_without_control_groups_has_no_quota(tmp_path: Path) -> None:
    """No such file is no limit."""
    assert _quota(tmp_path, tmp_path / "none") == math.inf


def test_this_process_has_some_of_the_cores() -> None:
    """At least one, and none that affinity denies."""
    assert 1 <= available_cores() <= len(os.sched_getaffinity(0))
