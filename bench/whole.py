"""The pipeline from end to end: the very graph of a run, its network warm."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from maskstream.bench.costs import Cost
from maskstream.bench.workload import Workload
from maskstream.pipeline.summary import StageTime, stage_times

__all__ = ["Whole", "run_whole"]


@dataclass(frozen=True, slots=True)
class Whole:
    """One run."""

    frames: int
    cost: Cost
    """Of a frame that was written."""
    stages: Mapping[str, StageTime]

    @property
    def fps(self) -> float:
        """Frames a second."""
        return 1e3 / self.cost.ms


def run_whole(workload: Workload, times: int) -> Whole:
    """Run the graph on the clip, which is repeated so often."""
    assembler, plan = workload.assemble(times)
    streams = assembler.build([plan])
    began_s, cpu_began_s = time.perf_counter(), time.process_time()
    streams.run()
    cpu_s, took_s = time.process_time() - cpu_began_s, time.perf_counter() - began_s
    frames = assembler.ledger.account(plan.stream).written
    return Whole(
        frames,
        Cost(took_s / frames * 1e3, cpu_s / frames * 1e3),
        stage_times(streams.reports()),
    )
