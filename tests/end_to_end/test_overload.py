"""A camera that is faster than the network: held frames, marked, and none lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maskstream.models.classes import ClassTable
from maskstream.pipeline.assemble import Assembler
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics
from maskstream.pipeline.plan import plan_streams
from maskstream.stages.source import expand_inputs
from tests.engines import PacedEngine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

CLASSES = ClassTable(names=("road", "sky"), colours=((128, 64, 128), (70, 130, 180)))


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
        PacedEngine(0.2),
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
