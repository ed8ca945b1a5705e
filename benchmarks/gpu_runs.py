"""Whole runs of a clip: decoded on the CPU or on the device, painted or only labelled.

The graph is that of `maskstream run`, with one engine for all, which has seen every
size of batch before. A run counts from its start to its last frame, so that opening
decoders and encoders is part of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.gpu_report import Row
from benchmarks.gpu_sizes import Sizes
from maskstream.models.build import build_model
from maskstream.models.classes import CAMVID
from maskstream.models.engines.cuda_engine import CudaEngine
from maskstream.pipeline.assemble import Assembler
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.errors import ConfigError, PipelineError
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics
from maskstream.pipeline.plan import plan_streams
from maskstream.stages.codecs import check_codec
from maskstream.stages.nvdec import check_nvdec
from maskstream.stages.overlay_kernel import prepare_kernel
from maskstream.stages.source import expand_inputs
from tests.clips import make_clip

__all__ = ["time_runs"]

_WAYS = (
    ("software", None),
    ("nvdec", None),
    ("software", "h264"),
    ("software", "h264_nvenc"),
    ("nvdec", "h264_nvenc"),
)
"""A decoder, and the encoder of a painted video; without one there are records."""


def time_runs(sizes: Sizes, ends_at: float) -> Iterator[Row]:
    """Yield a row for each decoder, encoder and number of streams."""
    num_frames = 600 if sizes.device.type == "cuda" else 10
    model = build_model(sizes.networks[0], len(CAMVID.names))
    with (
        TemporaryDirectory() as folder,
        closing(
            CudaEngine(model, device=str(sizes.device), precision=sizes.precisions[0])
        ) as engine,
    ):
        clip = make_clip(
            Path(folder) / "clip.mp4", frames=num_frames, size_hw=sizes.frame_hw
        )
        prepare_kernel()
        for num in (1, 2, 4, 8):
            pictures = [np.zeros((*sizes.input_hw, 3), np.uint8)] * num
            engine.submit(pictures, [sizes.frame_hw] * num).labels()
        for num_streams in sizes.streams:
            for number, (decoder, codec) in enumerate(_WAYS):
                if time.monotonic() > ends_at:
                    return
                row: Row = {
                    "decoder": decoder,
                    "painted": codec or "no",
                    "streams": num_streams,
                }
                out = Path(folder) / f"{num_streams}-{number}"
                settings = _settings(decoder, codec, out, sizes)
                try:
                    seconds = _run(engine, [str(clip)] * num_streams, settings)
                    rate = round(num_streams * num_frames / seconds, 1)
                    yield row | {"frames a second": rate}
                except (ConfigError, PipelineError) as error:
                    yield row | {"frames a second": str(error)}


def _settings(
    decoder: str, codec: str | None, out: Path, sizes: Sizes
) -> dict[str, Any]:
    height, width = sizes.input_hw
    return {
        "decoder": decoder,
        "records" if codec is None else "output": out,
        "model": {"size": f"{width}x{height}"},
        "overlay": {"legend": False},
        "video": {"codec": codec or "h264"},
    }


def _run(engine: CudaEngine, clips: list[str], settings: Mapping[str, Any]) -> float:
    """Run all clips at the same time; return the seconds."""
    config = RunConfig.model_validate(settings)
    if config.decoder == "nvdec":
        check_nvdec()
    check_codec(config.video.codec, {})
    ledger = Ledger()
    metrics = Metrics(ledger)
    assembler = Assembler(
        config, engine, CAMVID, ledger, metrics, monotonic_clock, frozenset()
    )
    running = assembler.build(plan_streams(config, expand_inputs(clips)))
    began = time.perf_counter()
    running.run()
    seconds = time.perf_counter() - began
    assert all(account.is_balanced for account in ledger.accounts().values())
    return seconds
