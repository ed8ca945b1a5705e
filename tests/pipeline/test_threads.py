"""How many threads codecs are planned to have, and that they have so many."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from maskstream.models.classes import CAMVID
from maskstream.models.engines import Engine
from maskstream.pipeline.assemble import Assembler
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics
from maskstream.pipeline.plan import plan_streams
from maskstream.pipeline.threads import ThreadBudget, plan_threads
from maskstream.stages.source import expand_inputs
from tests.clips import make_clip
from tests.pipeline.test_decoder_choice import IdleEngine
from tests.sinks import labels_of


@pytest.mark.parametrize(
    ("cores", "num_streams", "on_cpu", "budget"),
    [
        (1, 1, True, ThreadBudget(1, 1)),
        (2, 1, True, ThreadBudget(1, 2)),
        (2, 4, True, ThreadBudget(1, 1)),
        (64, 1, True, ThreadBudget(1, 8)),
        (16, 4, False, ThreadBudget(2, 4)),
        (64, 1, False, ThreadBudget(4, 8)),
    ],
)
def test_cores_are_shared_out(
    cores: int, num_streams: int, on_cpu: bool, budget: ThreadBudget
) -> None:
    """No stream gets more than its share, nor more threads than help."""
    found = plan_threads(cores, num_streams=num_streams, is_network_on_cpu=on_cpu)

    assert found == budget


def num_decoder_threads() -> int:
    """Count the threads that FFmpeg has named as its decoder's frame threads."""
    names = (task.read_text() for task in Path("/proc/self/task").glob("*/comm"))
    return sum(name.startswith("av:h264:df") for name in names)


def test_threads_that_are_asked_for_reach_the_codecs(tmp_path: Path) -> None:
    """FFmpeg starts so many to decode; x264 writes into the file how many it had."""
    clip, output = make_clip(tmp_path / "in.mp4", frames=12), tmp_path / "out.mp4"
    config = RunConfig.model_validate(
        {"output": output, "decoder_threads": 3, "video": {"threads": 5}}
    )
    (plan,) = plan_streams(config, expand_inputs([str(clip)]))
    ledger = Ledger()
    engine = cast("Engine", IdleEngine("cpu"))
    stages = Assembler(
        config, engine, CAMVID, ledger, Metrics(ledger), ManualClock(), frozenset()
    ).stream(plan)
    ledger.open(stages.stream, stages.sinks)
    before = num_decoder_threads()

    with closing(stages.source()) as frames:
        items = [Segmentation(frame, labels_of(frame)) for frame in [next(frames)]]
        during = num_decoder_threads()
    (encode,) = stages.branches[0].then
    list(encode.stage(Channel.of(*items)))

    assert during - before == 3
    (written,) = tmp_path.glob("out*.mp4")
    assert b" threads=5 " in written.read_bytes()
