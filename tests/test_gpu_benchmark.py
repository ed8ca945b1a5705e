"""The benchmark of the GPU, as far as a machine without one can run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_benchmark_of_the_gpu_runs_on_the_cpu_at_tiny_sizes(tmp_path: Path) -> None:
    """It fills every table, and what fails does so here rather than on a lent GPU."""
    subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", "--smoke", "--out", str(tmp_path)],
        check=True,
    )

    tables = json.loads((tmp_path / "gpu.json").read_text())
    assert list(tables) == [
        "Machine",
        "Kernels beside their twins",
        "Codecs of the device",
        "Network alone",
        "Host planes to host labels",
    ]
    assert {row["most"] for row in tables["Kernels beside their twins"]} == {0}
    assert {row["way"] for row in tables["Network alone"]} == {"graph", "eager"}
    assert {row["out"] for row in tables["Host planes to host labels"]} == {
        "labels",
        "and planes",
    }
    assert (tmp_path / "gpu.md").read_text().count("\n## ") == 5
