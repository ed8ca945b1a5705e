"""Which engine, precision, size and batch serve a pipeline best."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstream.bench.costs import Cost, spreads
from maskstream.bench.inputs import make_batches, make_inputs
from maskstream.bench.networks import (
    NetworkRun,
    Variant,
    engines_and_precisions,
    open_runs,
)
from maskstream.bench.parts import Parts
from maskstream.bench.report import Limit
from maskstream.bench.trial import Bounds, Trial
from maskstream.bench.workload import Workload
from maskstream.models.engines import Engine, open_engine
from maskstream.pipeline.frame import Frame
from maskstream.stages.network_input import network_size

__all__ = ["try_networks"]

_ROUNDS = 2
_AREAS = (1.0, 0.75, 0.5)  # of the size that was given
_BATCHES = (2, 4, 8)
_NUM_COMPARED = 8  # frames whose labels are compared, spread over the clip

Labels = Sequence[NDArray[np.uint8]]


def try_networks(
    workload: Workload,
    parts: Parts,
    costs: Mapping[str, Cost],
    cores: int,
    bounds: Bounds,
    is_over: Callable[[], bool],
) -> list[Trial]:
    """Try engines and precisions, then sizes, then batches, each with the best so far.

    A trial counts by what the parts would allow with it in the network's place. None is
    chosen where the network as it was given is best. Where already that one agrees less
    than the bound wants, a trial may agree as little.
    """
    frames = parts.frames[:: max(1, parts.num_frames // _NUM_COMPARED)][:_NUM_COMPARED]
    right = _reference(workload, frames, parts.size_hw)
    form = frames[0].format
    trials: list[Trial] = []
    best, best_ms = parts.variant, float("inf")
    min_agreement = bounds.agreement

    def engines(variant: Variant) -> list[Variant]:
        return [variant, *engines_and_precisions(variant)]

    def sizes(variant: Variant) -> list[Variant]:
        height, width = variant.size_hw
        return [
            replace(
                variant,
                size_hw=network_size(
                    form.height,
                    form.width,
                    form.rotation,
                    area=round(height * width * share),
                ),
            )
            for share in _AREAS
        ]

    def batches(variant: Variant) -> list[Variant]:
        return [variant, *(replace(variant, batch=number) for number in _BATCHES)]

    tried: dict[Variant, Trial] = {}
    for choices in (engines, sizes, batches):
        wanted = [one for one in dict.fromkeys(choices(best)) if one not in tried]
        with ExitStack() as stack:
            runs = []
            for run in open_runs(workload.network, wanted, parts.frames, stack):
                runs.append((run, _agreement(run, frames, right)))
                if is_over():
                    break
            for _ in range(_ROUNDS):
                for run, _share in runs:
                    run.go()
        for run, share in runs:
            ms, core_ms = spreads(run.costs)
            if run.variant == parts.variant:
                min_agreement = min(min_agreement, share)
            replaced = {**costs, "network": Cost(ms.median, core_ms.median)}
            trial = _trial(run.variant, replaced, cores, share, min_agreement)
            if run.variant.size_hw == parts.size_hw:
                del trial.settings["model"]["size"]  # it is as given, and may be auto
            tried[run.variant] = trial
            trials.append(trial)
            if trial.is_within and trial.ms < best_ms:
                best, best_ms = run.variant, trial.ms
        if is_over():
            break
    chosen = tried.get(best) if best != parts.variant else None
    return [replace(trial, is_chosen=trial is chosen) for trial in trials]


def _trial(
    variant: Variant,
    costs: Mapping[str, Cost],
    cores: int,
    share: float,
    min_agreement: float,
) -> Trial:
    height, width = variant.size_hw
    settings: dict[str, Any] = {
        "model": {
            "engine": variant.engine,
            "device": variant.device,
            "precision": variant.precision,
            "size": f"{width}x{height}",
        },
        "batch": {"max_size": variant.batch},
    }
    cost = costs["network"]
    found = (
        f"{cost.ms:.2f} ms, {cost.core_ms:.2f} core-ms a frame; {share:.4f} of the "
        "labels as in fp32"
    )
    is_within = share >= min_agreement
    ms = Limit.of(costs, cores).ms
    return Trial(variant.name, settings, found, ms, is_within)


def _reference(
    workload: Workload, frames: Sequence[Frame], size_hw: tuple[int, int]
) -> Labels:
    with closing(
        open_engine(workload.network, engine="torch", device="cpu", precision="fp32")
    ) as engine:
        return _labels(engine, frames, size_hw)


def _labels(
    engine: Engine, frames: Sequence[Frame], size_hw: tuple[int, int]
) -> Labels:
    labels: list[NDArray[np.uint8]] = []
    for one in make_inputs(make_batches(frames, size_hw, 1)):
        labels += engine.submit(one.pictures, one.sizes_hw).labels()
    return labels


def _agreement(run: NetworkRun, frames: Sequence[Frame], right: Labels) -> float:
    labels = _labels(run.engine, frames, run.variant.size_hw)
    return statistics.fmean(
        float((one == other).mean()) for one, other in zip(labels, right, strict=True)
    )
