"""A camera that is faster than the network: held frames, marked, and none lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from maskstream.models.classes import ClassTable
from maskstream.pipeline.assemble import Assembler
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics
from maskstream.pipeline.plan import plan_streams
from maskstream.stages.source import expand_inputs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

CLASSES = ClassTable(names=("road", "sky"), colours=((128, 64, 128), (70, 130, 180)))


class SlowEngine:
    """Takes a fifth of a second for a picture."""

    name, device, precision = "slow", "cpu", "fp32"

    def submit(
        self, pictures: Sequence[NDArray[np.uint8]], sizes_hw: Sequence[tuple[int, int]]
    ) -> SlowLabels:
        """Start on pictures."""
        assert pictures
        return SlowLabels(sizes_hw)

    def busy_s(self) -> float:
        """Return nothing of use."""
        return 0.0

    def waited_s(self) -> float:
        """Return nothing of use."""
        return 0.0

    def close(self) -> None:
        """Have nothing to close."""


class SlowLabels:
    """Labels that are a while away."""

    def __init__(self, sizes_hw: Sequence[tuple[int, int]]) -> None:
        self._sizes_hw = sizes_hw

    def labels(self) -> list[NDArray[np.uint8]]:
        """Wait for the device."""
        threading.Event().wait(0.2)
        return [np.zeros(size_hw, np.uint8) for size_hw in self._sizes_hw]


def run(folder: Path, **settings: object) -> tuple[list[dict[str, object]], Ledger]:
    """Run two seconds of a camera at 30 frames a second; give its records."""
    config = RunConfig.model_validate(
        {
            "inputs": ["synthetic+live:testsrc2=size=160x96:rate=30:duration=2"],
            "records": folder / "camera.jsonl",
            **settings,
        }
    )
    plans = plan_streams(config, expand_inputs(config.inputs))
    ledger = Ledger()
    assembler = Assembler(
        config,
        SlowEngine(),
        CLASSES,
        ledger,
        Metrics(ledger),
        monotonic_clock,
        frozenset(),
    )
    assembler.build(plans).run()
    lines = (folder / "camera.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines[1:]], ledger


def test_frames_that_the_network_has_no_time_for_are_held(tmp_path: Path) -> None:
    """Every frame is there, in order, and says whether its labels are its own."""
    records, ledger = run(tmp_path, overload={"max_staleness": "20s"})

    (account,) = ledger.accounts().values()
    assert account.is_balanced
    assert [record["index"] for record in records] == list(range(60))
    inferred = [record for record in records if not record["held"]]
    assert 5 <= len(inferred) <= 20
    assert account.notes["held_frames"] == 60 - len(inferred)


def test_frames_are_dropped_where_holding_is_not_wanted(tmp_path: Path) -> None:
    """What is written is the network's own work; the rest is counted."""
    records, ledger = run(tmp_path, overload={"hold": False})

    (account,) = ledger.accounts().values()
    assert account.is_balanced
    assert account.sinks["records"].dropped == {
        ("decode", "queue_full"): 60 - len(records)
    }
    assert 5 <= len(records) <= 25
    assert not any(record["held"] for record in records)
