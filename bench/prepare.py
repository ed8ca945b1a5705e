"""Get a clip and a network ready, and say how much of the clip is measured."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from maskstream.bench.clips import clip_source
from maskstream.bench.inputs import make_batches, make_inputs, submit_all
from maskstream.bench.workload import Workload, frames_of
from maskstream.models.engines import open_engine
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.errors import ConfigError, SourceError
from maskstream.pipeline.frame import Frame
from maskstream.pipeline.shared_stages import network_sizes
from maskstream.stages.codecs import check_codec

__all__ = ["Tell", "prepare"]

_MAX_BYTES = 600 * 2**20  # of frames, their labels and their annotated twins
_MIN_FRAMES = 16
_NETWORK_S = 3.0  # in one round

Tell = Callable[[str], None]
"""Told what is being measured."""


@contextmanager
def prepare(config: RunConfig, max_frames: int, tell: Tell) -> Iterator[Workload]:
    """Load the network that ``config`` names, and look at its one input.

    Raises:
        ConfigError: Something cannot be as it was asked, or the input is not one file.
        SourceError: The input cannot be read.
        ModelError: The network or its engine cannot be had.
    """
    if len(config.inputs) != 1:
        raise ConfigError(f"one clip is needed, got {len(config.inputs)}")
    source = clip_source(config.inputs[0])
    check_codec(config.video.codec, config.video.options)
    tell("loading the network")
    network = WeightsFile.find(config.model.weights or config.model.name)
    with (
        closing(
            open_engine(
                network,
                engine=config.model.engine,
                device=config.model.device,
                precision=config.model.precision,
                threads=config.model.threads,
            )
        ) as engine,
        tempfile.TemporaryDirectory(prefix="maskstream-bench-") as folder,
    ):
        # Of interlaced video two packets may be one picture.
        num_packets = 2 * _MIN_FRAMES
        workload = Workload(config, source, engine, network, Path(folder), num_packets)
        num_frames = min(max_frames, _affordable(workload))
        yield replace(workload, num_frames=num_frames, _copies={})


def _affordable(workload: Workload) -> int:
    """Say how many frames fit into memory, and into the time of a round."""
    frames = list(frames_of(workload.stream()))
    if len(frames) < _MIN_FRAMES:
        raise SourceError(
            f"{workload.source}: at least {_MIN_FRAMES} frames are needed, "
            f"there are {len(frames)}"
        )
    took_ms = _time_network(workload, frames)
    form = frames[0].format
    planes: int = sum(plane.buffer_size for plane in frames[0].picture.planes)
    by_memory = _MAX_BYTES // (2 * planes + form.height * form.width)
    by_time = int(_NETWORK_S * 1e3 / took_ms)
    return max(_MIN_FRAMES, min(by_memory, by_time))


def _time_network(workload: Workload, frames: list[Frame]) -> float:
    """Milliseconds of a frame, roughly."""
    size_hw = network_sizes(workload.config.model)(frames[0])
    inputs = make_inputs(make_batches(frames[:8], size_hw, 1))
    for _ in range(2):  # the first compiles
        began_s = perf_counter()
        submit_all(workload.engine, inputs)
        took_s = perf_counter() - began_s
    return took_s / len(inputs) * 1e3
