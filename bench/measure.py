"""Measure everything, in one process and one run."""

from __future__ import annotations

from dataclasses import dataclass

from maskstream.bench.live import run_live
from maskstream.bench.machine import Machine
from maskstream.bench.networks import measure_networks, variants
from maskstream.bench.parts import Parts
from maskstream.bench.prepare import Tell, prepare
from maskstream.bench.program import run_program
from maskstream.bench.report import Limit, Report
from maskstream.bench.whole import run_whole
from maskstream.pipeline.config import RunConfig

__all__ = ["BenchSettings", "measure", "repeats"]

_WHOLE_S = 3.0
_MAX_REPEATS = 4
_LIVE_S = 8.0


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """How much is measured."""

    rounds: int = 7
    max_frames: int = 96
    """Of the clip, from its beginning; fewer where they are large or slow."""


def measure(
    config: RunConfig, settings: BenchSettings, tell: Tell = lambda _: None
) -> Report:
    """Measure what a run of ``config`` is made of, on its one input.

    Raises:
        ConfigError: Something cannot be as it was asked, or the input is not one file.
        SourceError: The input cannot be read.
        ModelError: The network or its engine cannot be had.
    """
    with prepare(config, settings.max_frames, tell) as workload:
        machine = Machine.look()
        tell("warming up")
        parts = Parts(workload)
        times = repeats(Limit.of(parts.round(), machine.cores).ms, parts.num_frames)
        part_rounds, wholes = [], []
        for number in range(settings.rounds):
            tell(f"parts and pipeline, round {number + 1} of {settings.rounds}")
            part_rounds.append(parts.round())
            wholes.append(run_whole(workload, times))
        tell("the network on every engine")
        chosen = parts.variant
        wanted = variants(chosen, parts.frames[0])
        networks = measure_networks(
            workload.network, wanted, parts.frames, settings.rounds
        )
        tell("latency, at live pace")
        form = parts.frames[0].format
        rate = float(form.average_rate or 25)
        live = run_live(workload, min(_LIVE_S, max(2.0, parts.num_frames / rate)))
        tell("the program by itself")
        program = run_program(workload, times)
    return Report(
        machine=machine.afterwards(),
        clip={
            "name": workload.clip_name,
            "width": form.width,
            "height": form.height,
            "fps": round(rate, 3),
            "frames": parts.num_frames,
            "repeated": times,
        },
        network={
            "model": workload.card.model,
            "engine": chosen.engine,
            "device": chosen.device,
            "precision": chosen.precision,
            "batch": parts.batch_size,
            "size": f"{parts.size_hw[1]}x{parts.size_hw[0]}",
        },
        settings=config.model_dump(mode="json", include={"overlay", "video", "record"}),
        parts=part_rounds,
        wholes=wholes,
        networks=networks,
        live=live,
        program=program,
    )


def repeats(frame_ms: float, num_frames: int) -> int:
    """Say how often the clip is repeated: its two ends should hardly count."""
    wanted = round(_WHOLE_S * 1e3 / frame_ms / num_frames)
    return min(max(1, wanted), _MAX_REPEATS)
