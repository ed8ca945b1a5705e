"""Which decoder the files of a run get."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

import maskstream
from maskstream.models.classes import CAMVID
from maskstream.models.engines import Engine
from maskstream.pipeline.assemble import Assembler
from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics
from maskstream.pipeline.plan import plan_streams
from maskstream.stages.decode import Decoder
from maskstream.stages.source import expand_inputs
from tests.clips import make_clip
from tests.nvdec import has_nvdec


@dataclass
class IdleEngine:
    """An engine that is only asked where it runs."""

    device: str


def nvdec_of(clip: Path, engine: str, **settings: Any) -> str | None:
    """Plan a run of a clip; say on which device it is decoded, if not here."""
    config = RunConfig.model_validate(settings)
    (plan,) = plan_streams(config, expand_inputs([str(clip)]))
    ledger = Ledger()
    stages = Assembler(
        config,
        cast("Engine", IdleEngine(engine)),
        CAMVID,
        ledger,
        Metrics(ledger),
        ManualClock(),
        frozenset(),
    ).stream(plan)
    assert isinstance(stages.source, Decoder)
    return None if stages.source.nvdec is None else stages.source.nvdec.device


def test_auto_leaves_on_the_device_what_nothing_needs_here(tmp_path: Path) -> None:
    """Class ids and records need no picture here; a painted video mostly does."""
    clip = make_clip(tmp_path / "in.mp4", frames=1)
    on_device = "cuda:0" if has_nvdec() else None

    mask = {"mask": tmp_path / "mask.mkv", "records": tmp_path / "records.jsonl"}
    video = {"output": tmp_path / "out.mp4"}

    assert nvdec_of(clip, "cuda:0", **mask) == on_device
    assert nvdec_of(clip, "cuda:0", **video) is None
    nvenc = {"video": {"codec": "h264_nvenc"}, **video}
    assert nvdec_of(clip, "cuda:0", overlay={"legend": False}, **nvenc) == on_device
    assert nvdec_of(clip, "cuda:0", **nvenc) is None
    assert nvdec_of(clip, "cpu", **mask) is None


def test_what_is_asked_for_is_done(tmp_path: Path) -> None:
    """On the engine's own device, where it has one."""
    clip = make_clip(tmp_path / "in.mp4", frames=1)
    mask = {"mask": tmp_path / "mask.mkv"}

    assert nvdec_of(clip, "cuda:1", decoder="nvdec", **mask) == "cuda:1"
    assert nvdec_of(clip, "cpu", decoder="nvdec", **mask) == "cuda:0"
    assert nvdec_of(clip, "cuda:0", decoder="software", **mask) is None


@pytest.mark.skipif(has_nvdec(), reason="a CUDA device is here")
def test_nvdec_without_a_device_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    """The sentence names what would do."""
    clip = make_clip(tmp_path / "in.mp4", frames=1)
    out = tmp_path / "out.mp4"

    with pytest.raises(ConfigError, match="decoder auto and software do without"):
        maskstream.segment_video(clip, out, decoder="nvdec")

    assert not out.exists()
