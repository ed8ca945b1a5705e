"""The benchmark of the GPU, as far as a machine without one can run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.nvdec import has_nvdec


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
        "Planes to host labels",
        "Runs of a clip",
    ]
    assert len(tables["Kernels beside their twins"]) == 5
    assert {row["way"] for row in tables["Network alone"]} == {"graph", "eager"}
    ways = {(row["planes"], row["out"]) for row in tables["Planes to host labels"]}
    assert ways == {("host", "labels"), ("host", "and planes"), ("device", "labels")}
    runs = {
        (row["decoder"], row["painted"]): row["frames a second"]
        for row in tables["Runs of a clip"]
    }
    assert len(runs) == 5
    assert runs["software", "no"] > 0
    assert runs["software", "h264"] > 0
    if not has_nvdec():
        assert "needs a CUDA device" in runs["nvdec", "no"]
    assert (tmp_path / "gpu.md").read_text().count("\n## ") == 6
