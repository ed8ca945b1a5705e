"""Streams that come and go leave nothing behind: no memory, thread or file.

MASKSTREAM_CHURN=1000 makes the long form of it.
"""

from __future__ import annotations

import gc
import os
import re
import statistics
import sys
import threading
import time
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Self

import pytest
from prometheus_client import generate_latest

from maskstream.models.classes import ClassTable
from maskstream.models.engines import Engine
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.config import BatchConfig
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.shared_stages import SharedStages, stream_of
from maskstream.server.assemble import StreamAssembler
from maskstream.server.config.overload import LadderConfig
from maskstream.server.config.serve import parse_serve_settings
from maskstream.server.members import Members
from maskstream.server.memory import bound_arenas, give_back_freed_memory
from maskstream.server.metrics import DaemonFigures, ServerMetrics
from maskstream.server.network import SharedNetwork
from maskstream.server.overload import Ladder
from maskstream.server.supervisor import Supervisor
from tests.engines import PacedEngine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

NUM_CYCLES = int(os.environ.get("MASKSTREAM_CHURN", "100"))
WARM_UP = 40
LOOK_EVERY = max(1, NUM_CYCLES // 25)
MAX_GROWTH_KB = 4 if NUM_CYCLES >= 500 else 100
"""Of a cycle; in a short form the allocators still settle."""

CLASSES = ClassTable(names=("road", "sky"), colours=((128, 64, 128), (70, 130, 180)))
SOURCE = "synthetic+live:testsrc2=size=160x96:rate=50"


class World:
    """A whole daemon but for its process: real stages, and an engine without work."""

    def __init__(self, folder: Path) -> None:
        bound_arenas()
        self.ledger = Ledger()
        self.metrics = ServerMetrics(self.ledger)
        hub = Hub(stream_of, is_renewable=True, max_takes=2)
        ladder = Ladder(lambda _: (64, 64), every=4, least=1)

        def build(engine: Engine) -> Pipeline:
            return SharedStages(
                engine,
                ladder.size,
                BatchConfig(),
                LadderConfig(),
                self.ledger,
                self.metrics,
                monotonic_clock,
            ).build(hub)

        self.network = SharedNetwork(hub, PacedEngine, build)
        assembler = StreamAssembler(CLASSES, self.ledger, monotonic_clock, True)
        members = Members(assembler, hub, self.ledger, self.metrics, stop_deadline_s=20)
        record = {"folder": str(folder), "min_free": 0, "mask": True, "records": True}
        self.supervisor = Supervisor(
            parse_serve_settings({"defaults": {"recording": record}}),
            members,
            hub,
            self.network,
            ladder,
            self.ledger,
            CLASSES,
        )
        figures = DaemonFigures(self.supervisor.statuses, lambda: 1.0, lambda: 0)
        self.metrics.registry.register(figures)
        self._is_over = False
        self._ticking = threading.Thread(target=self._tick)

    def _tick(self) -> None:
        while not (self._is_over and self.supervisor.has_ended):
            self.supervisor.tick()
            time.sleep(0.01)

    def visit(self, stream: str) -> None:
        """Let a stream come, be watched and scraped, and go."""
        self.supervisor.add(stream, {"source": SOURCE})
        deadline = time.monotonic() + 60
        while self.ledger.account(stream).written < 3:
            assert time.monotonic() < deadline, self.supervisor.statuses()
            time.sleep(0.005)
        with self.supervisor.preview(stream) as pieces:
            assert next(pieces)
        assert self.supervisor.snapshot(stream)
        assert stream.encode() in generate_latest(self.metrics.registry)
        self.supervisor.remove(stream)

    def __enter__(self) -> Self:
        self._ticking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.supervisor.drain()
        self._is_over = True
        self._ticking.join(60)
        self.network.close()


@dataclass(frozen=True)
class Footprint:
    """What the process holds."""

    private_kb: int
    """Memory of its own; pages of libraries, which come and go by use, are not."""
    num_threads: int
    num_files: int

    @classmethod
    def now(cls) -> Footprint:
        """Look at what is held, and not at what waits to be collected or used again.

        The latter differs by some 10 MB from look to look.
        """
        gc.collect()
        give_back_freed_memory()
        rollup = Path("/proc/self/smaps_rollup").read_text()
        [private_kb] = re.findall(r"^Anonymous: +(\d+) kB", rollup, re.MULTILINE)
        return cls(
            int(private_kb),
            threading.active_count(),
            len(list(Path("/proc/self/fd").iterdir())),
        )


def settle_names() -> None:
    """Have CPython's table of interned names as large as it gets.

    Each stream makes names and drops them. When their places in the table are used up
    it is built anew, three times as large as what is left, once, at whatever cycle: a
    step of 3756 kB with the names that torch and its like bring.
    """
    for number in range(300_000):
        sys.intern(f"nobody's name {number}")


def growth(looks_kb: list[int]) -> float:
    """Return the kB of a cycle: the median slope of all pairs (Theil and Sen).

    A look that is off, early or late, does not tip it as it does a least-squares fit.
    """
    pairs = combinations(enumerate(looks_kb), 2)
    slopes = [(late - early) / (j - i) for (i, early), (j, late) in pairs]
    return statistics.median(slopes) / LOOK_EVERY


def test_streams_that_come_and_go_leave_nothing_behind(tmp_path: Path) -> None:
    """Memory, threads, files and labels are what they were, cycle after cycle."""
    prints = []
    with World(tmp_path / "rec") as world:
        for cycle in range(WARM_UP + NUM_CYCLES):
            if cycle == WARM_UP:
                settle_names()  # all is imported now
            if cycle >= WARM_UP and (cycle - WARM_UP) % LOOK_EVERY == 0:
                prints.append(Footprint.now())
                print(cycle, prints[-1])  # noqa: T201 - the table of the long form
            world.visit(f"visitor-{cycle % 7}")
        prints.append(Footprint.now())
        left = generate_latest(world.metrics.registry).decode()

    first, last = prints[0], prints[-1]
    slope_kb = growth([one.private_kb for one in prints])
    print(f"{slope_kb:.2f} kB a cycle")  # noqa: T201
    assert "visitor" not in left
    assert last.num_threads == first.num_threads
    assert last.num_files <= first.num_files
    assert slope_kb < MAX_GROWTH_KB
    assert world.supervisor.num_unbalanced == 0
