"""The program as a user starts it: a process of its own, from the imports on."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

import yaml

from maskstream.bench.processes import run_process
from maskstream.bench.workload import Workload

__all__ = ["Program", "run_program"]


@dataclass(frozen=True, slots=True)
class Program:
    """What one process did."""

    frames: int
    fps: float
    """Of the run itself; with what loading takes it is less."""
    core_ms: float
    peak_mb: float
    loading_s: float
    """Imports, weights, and what an engine does before the run begins."""
    seconds: float
    """From the start of the process to its end."""

    def to_json(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return {name: round(figure, 2) for name, figure in asdict(self).items()}


def run_program(workload: Workload, times: int) -> Program:
    """Run ``maskstream run`` on the clip, which is repeated so often."""
    assembler, plan = workload.assemble(times)
    summary = workload.folder / "summary.json"
    settings = assembler.config.model_copy(
        update={"inputs": (str(plan.source.path),), "overwrite": True}
    ).model_dump(mode="json", exclude_none=True)
    config = workload.folder / "config.yaml"
    config.write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-m", "maskstream", "run", "--config", str(config)]
    done = run_process([*command, "--summary", str(summary)])
    told = json.loads(summary.read_text())
    frames = sum(stream["written"] for stream in told["streams"].values())
    return Program(
        frames=frames,
        fps=told["fps"],
        core_ms=told["cpu_seconds"] / frames * 1e3,
        peak_mb=done.peak_mb,
        loading_s=done.seconds - told["seconds"],
        seconds=done.seconds,
    )
