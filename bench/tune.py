"""Try the settings that cost or save time, within bounds of quality and of time.

What is cheaper and keeps to the bounds is taken; at the end the whole pipeline runs
with the settings as they were and as they would be, in turns, and only what is then
faster stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from maskstream.bench.costs import Spread
from maskstream.bench.machine import Machine
from maskstream.bench.parts import Parts
from maskstream.bench.prepare import Tell, prepare
from maskstream.bench.report import Limit
from maskstream.bench.trial import Bounds, Trial
from maskstream.bench.try_encoder import try_presets
from maskstream.bench.try_network import try_networks
from maskstream.bench.whole import run_whole
from maskstream.bench.workload import Workload
from maskstream.models.engines import open_engine
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.config_file import parse_config
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.settings_file import merge_settings

__all__ = ["Comparison", "Tuned", "tune"]

_ROUNDS = 3
_LINGERS_S = (0.0, 0.005, 0.02)
_FASTER = 1.02  # less is no reason to leave the defaults
_WHOLE_S = 3.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The pipeline as it was and as it would be, in turns."""

    before: Spread
    """Frames a second, with the settings that were given."""
    after: Spread
    """With what was found, in the same rounds."""
    gain: Spread


@dataclass(frozen=True, slots=True)
class Tuned:
    """What was found."""

    machine: Machine
    clip: str
    settings: dict[str, Any]
    """What differs from the settings that were given; empty where nothing is faster."""
    trials: Sequence[Trial]
    comparison: Comparison | None
    """None where no trial was cheaper than what was given."""
    is_cut_short: bool
    """There was no time left to try everything."""


@dataclass(slots=True)
class _Search:
    """The best settings so far, and the time that is left."""

    clock: Callable[[], float]
    ends_at: float
    """Of the trials."""
    compared_by: float
    settings: dict[str, Any] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)
    is_cut_short: bool = False

    def is_over(self) -> bool:
        """Whether nothing more should be tried."""
        over = self.clock() >= self.ends_at
        self.is_cut_short = self.is_cut_short or over
        return over

    def take(self, trials: Sequence[Trial]) -> None:
        """Keep the trials, and the settings of the one that was chosen."""
        self.trials += trials
        for trial in trials:
            if trial.is_chosen:
                self.settings = merge_settings(self.settings, trial.settings)


def tune(
    config: RunConfig,
    bounds: Bounds,
    *,
    limit_s: float,
    tell: Tell = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> Tuned:
    """Find settings for the one input of ``config``.

    A third of ``limit_s`` is kept for the comparison at the end. What has begun when
    time is over is finished: a trial, or the first round of the comparison.

    Raises:
        ConfigError: Something cannot be as it was asked, or the input is not one file.
        SourceError: The input cannot be read.
        ModelError: The network or its engine cannot be had.
    """
    network = WeightsFile.find(config.model.weights or config.model.name)
    if network.is_converted:
        raise ConfigError(
            f"{network.path.name}: a network that was converted has one engine and "
            "precision; tune needs its weights in .safetensors"
        )
    machine = Machine.look()
    began_s = clock()
    search = _Search(clock, began_s + limit_s * 2 / 3, began_s + limit_s)
    with prepare(config, max_frames=150, tell=tell) as workload:
        parts = Parts(workload)
        costs = parts.round()
        if not search.is_over():
            tell("engines, precisions, sizes and batches")
            cores = machine.cores
            search.take(
                try_networks(workload, parts, costs, cores, bounds, search.is_over)
            )
        has_presets = config.video.codec == "h264" and parts.annotated
        if has_presets and not search.is_over():
            tell("presets of the encoder")
            search.take(try_presets(workload, parts, bounds, search.is_over))
        comparison = None
        if search.settings:
            tell("the pipeline as it was and as it would be")
            frame_ms = Limit.of(costs, machine.cores).ms
            whole_s = min(_WHOLE_S, limit_s / 3 / (2 * _ROUNDS))
            times = max(1, round(whole_s * 1e3 / frame_ms / parts.num_frames))
            comparison = _compare(workload, search, times)
    is_faster = comparison is not None and comparison.gain.median >= _FASTER
    return Tuned(
        machine=machine.afterwards(),
        clip=workload.clip_name,
        settings=search.settings if is_faster else {},
        trials=[
            replace(trial, is_chosen=trial.is_chosen and is_faster)
            for trial in search.trials
        ],
        comparison=comparison,
        is_cut_short=search.is_cut_short,
    )


def _compare(workload: Workload, search: _Search, times: int) -> Comparison:
    """Run both, in turns."""
    given = workload.config.model_dump(exclude_unset=True, mode="json")
    wanted = parse_config(merge_settings(given, search.settings))
    model = wanted.model
    before: list[float] = []
    after: list[float] = []
    with closing(
        open_engine(
            workload.network,
            engine=model.engine,
            device=model.device,
            precision=model.precision,
            threads=model.threads,
        )
    ) as engine:
        tuned = replace(workload, config=wanted, engine=engine)
        run_whole(tuned, 1)  # compiles
        _try_lingers(tuned, search, times)
        settings = merge_settings(given, search.settings)
        tuned = replace(tuned, config=parse_config(settings))
        for _ in range(_ROUNDS):
            if before and search.clock() >= search.compared_by:
                break
            before.append(run_whole(workload, times).fps)
            after.append(run_whole(tuned, times).fps)
    gains = (new / old for old, new in zip(before, after, strict=True))
    return Comparison(Spread.of(before), Spread.of(after), Spread.of(gains))


def _try_lingers(tuned: Workload, search: _Search, times: int) -> None:
    """Try how long a batch waits; a batch of one waits for nobody."""
    if (tuned.config.batch.max_size or 1) == 1:
        return
    trials: list[Trial] = []
    for linger_s in _LINGERS_S:
        if search.is_over():
            break
        batch = tuned.config.batch.model_copy(update={"linger": linger_s})
        config = tuned.config.model_copy(update={"batch": batch})
        whole = run_whole(replace(tuned, config=config), times)
        settings = {"batch": {"linger": linger_s}}
        told = f"{whole.fps:.1f} frames a second"
        trials.append(
            Trial(f"linger {linger_s * 1e3:g} ms", settings, told, whole.cost.ms)
        )
    if trials:
        best = min(trials, key=lambda trial: trial.ms)
        given = tuned.config.batch.linger
        is_new = best.settings != {"batch": {"linger": given}}
        search.take(
            [replace(trial, is_chosen=is_new and trial is best) for trial in trials]
        )
