"""The network alone, on every engine and precision here, and by batch and size."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from typing import Any, get_args

from maskstream.bench.costs import Cost, cost_of, spreads
from maskstream.bench.inputs import (
    SubmittedBatch,
    make_batches,
    make_inputs,
    submit_all,
)
from maskstream.models.engines import Engine, open_engine
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.config import ModelConfig
from maskstream.pipeline.errors import ConfigError, ModelError
from maskstream.pipeline.frame import Frame
from maskstream.stages.network_input import network_size

__all__ = [
    "NetworkCost",
    "NetworkRun",
    "Variant",
    "engines_and_precisions",
    "measure_networks",
    "open_runs",
    "variants",
]

_logger = logging.getLogger(__name__)

_BATCHES = (1, 2, 4, 8)
_AREAS = (0.5, 2.0, 4.0)  # of the size at hand
_ROUND_S = 0.4
_MAX_PICTURES = 32


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to run the network."""

    engine: str
    device: str
    precision: str
    batch: int
    size_hw: tuple[int, int]
    threads: int | None = None
    """Of the network; None leaves it to the engine."""

    @property
    def name(self) -> str:
        """Such as "openvino bf16, batch 1, 512x288"."""
        height, width = self.size_hw
        where = "" if self.device == "cpu" else f" {self.device}"
        where += "" if self.threads is None else f" on {self.threads} threads"
        return (
            f"{self.engine} {self.precision}{where}, batch {self.batch}, "
            f"{width}x{height}"
        )


@dataclass(frozen=True, slots=True)
class NetworkCost:
    """What one picture took of a variant, round by round."""

    variant: Variant
    rounds: Sequence[Cost]
    is_chosen: bool
    """It is the one that the run takes."""

    def to_json(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        ms, core_ms = spreads(self.rounds)
        height, width = self.variant.size_hw
        return {
            "engine": self.variant.engine,
            "device": self.variant.device,
            "precision": self.variant.precision,
            "batch": self.variant.batch,
            "size": f"{width}x{height}",
            "is_chosen": self.is_chosen,
            "ms": ms.to_json(),
            "core_ms": core_ms.to_json(),
        }


def variants(chosen: Variant, frame: Frame) -> list[Variant]:
    """List what is worth a look beside what is chosen, which comes first.

    Every engine and precision by itself, then with the chosen ones every batch, then
    every size. Not all of them need be there.
    """
    found = [chosen, *engines_and_precisions(chosen)]
    found += [replace(chosen, batch=batch) for batch in _BATCHES]
    form = frame.format
    area = chosen.size_hw[0] * chosen.size_hw[1]
    found += [
        replace(
            chosen,
            size_hw=network_size(
                form.height, form.width, form.rotation, area=round(area * times)
            ),
        )
        for times in _AREAS
    ]
    return list(dict.fromkeys(found))


def engines_and_precisions(chosen: Variant) -> list[Variant]:
    """List a variant on every engine and in every precision that can be asked for."""
    return [
        replace(chosen, engine=engine, precision=precision)
        for engine in _names("engine")
        for precision in _names("precision")
    ]


def _names(field_name: str) -> list[str]:
    literal = ModelConfig.model_fields[field_name].annotation
    return [name for name in get_args(literal) if name != "auto"]


def measure_networks(
    network: WeightsFile,
    wanted: Sequence[Variant],
    frames: Sequence[Frame],
    rounds: int,
) -> list[NetworkCost]:
    """Measure those of ``wanted`` that this machine can run; the first is the chosen.

    They take turns, round after round: another load then disturbs all of them alike.
    """
    with ExitStack() as stack:
        runs = list(open_runs(network, wanted, frames, stack))
        for _ in range(rounds):
            for run in runs:
                run.go()
    return [
        NetworkCost(run.variant, run.costs, run.variant == wanted[0]) for run in runs
    ]


@dataclass(slots=True, eq=False)
class NetworkRun:
    """A variant that is open, with pictures for it."""

    variant: Variant
    engine: Engine
    inputs: Sequence[SubmittedBatch]
    costs: list[Cost] = field(default_factory=list)
    """A round each."""

    def go(self) -> None:
        """Time the pictures once, after a batch that warms up."""
        submit_all(self.engine, self.inputs[:1])[0].labels()
        num = sum(len(one.pictures) for one in self.inputs)
        self.costs.append(cost_of(lambda: submit_all(self.engine, self.inputs), num))


def open_runs(
    network: WeightsFile,
    wanted: Sequence[Variant],
    frames: Sequence[Frame],
    stack: ExitStack,
) -> Iterator[NetworkRun]:
    """Open those of ``wanted`` that this machine can run, one after another.

    ``stack`` closes their engines.
    """
    engines: dict[tuple[str, str, str], Engine | None] = {}
    for variant in wanted:
        key = variant.engine, variant.device, variant.precision
        if key not in engines:
            engines[key] = _open_engine(network, variant)
            if (opened := engines[key]) is not None:
                stack.enter_context(closing(opened))
        engine = engines[key]
        if engine is None:
            continue
        (one,) = _inputs(variant, frames, batches=1)
        try:
            engine.submit(one.pictures, one.sizes_hw).labels()  # compiles
            once = cost_of(engine.submit(one.pictures, one.sizes_hw).labels, 1)
        except ModelError as error:
            _logger.info("%s is left out: %s", variant.name, error)
            continue
        batches = min(int(_ROUND_S * 1e3 / once.ms), _MAX_PICTURES // variant.batch)
        yield NetworkRun(variant, engine, _inputs(variant, frames, max(2, batches)))


def _open_engine(network: WeightsFile, variant: Variant) -> Engine | None:
    try:
        return open_engine(
            network,
            engine=variant.engine,
            device=variant.device,
            precision=variant.precision,
            threads=variant.threads,
        )
    except (ConfigError, ModelError) as error:
        _logger.info("%s is left out: %s", variant.name, error)
        return None


def _inputs(
    variant: Variant, frames: Sequence[Frame], batches: int
) -> list[SubmittedBatch]:
    """Make so many batches, from the first frames again and again."""
    some = islice(cycle(frames[:_MAX_PICTURES]), batches * variant.batch)
    return make_inputs(make_batches(list(some), variant.size_hw, variant.batch))
