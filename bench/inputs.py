"""What the network gets, made by the stage that makes it, and how it is run alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from maskstream.bench.costs import exhaust
from maskstream.models.engines import Engine
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.frame import Batch, Frame, Pending
from maskstream.stages.segment import Segmenter

__all__ = ["NoEngine", "SubmittedBatch", "make_batches", "make_inputs", "submit_all"]

_TAIL = 4  # more batches than a device has in flight
_SPECK_HW = 8, 8

Picture = NDArray[np.uint8]
Size = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class SubmittedBatch:
    """What the network gets at once."""

    pictures: Sequence[Picture]
    sizes_hw: Sequence[Size]
    """Of the labels."""


@dataclass(slots=True, eq=False)
class NoEngine:
    """An engine that computes nothing: what is left is what makes its input."""

    kept: list[SubmittedBatch] | None = None
    """What it was given, where that is wanted."""
    name: str = "none"
    device: str = "cpu"
    precision: str = "fp32"

    def submit(self, pictures: Sequence[Picture], sizes_hw: Sequence[Size]) -> Pending:
        """Take a batch."""
        if self.kept is not None:
            self.kept.append(SubmittedBatch(pictures, sizes_hw))
        return _Nothing()

    def busy_s(self) -> float:
        """Return that it never works."""
        return 0.0

    def waited_s(self) -> float:
        """Return that nobody waits for it."""
        return 0.0

    def close(self) -> None:
        """Have nothing to stop."""


@dataclass(frozen=True, slots=True)
class _Nothing:
    maps: list[Picture] = field(default_factory=list)

    def labels(self) -> list[Picture]:
        return self.maps


def make_batches(
    frames: Sequence[Frame], size_hw: Size, batch_size: int
) -> list[Batch]:
    """Put frames of one format into batches."""
    batches = []
    for begin in range(0, len(frames), batch_size):
        some = tuple(frames[begin : begin + batch_size])
        batches.append(Batch(frames=some, size_hw=size_hw, held=((),) * len(some)))
    return batches


def make_inputs(batches: Sequence[Batch]) -> list[SubmittedBatch]:
    """Let the stage before the network make what it would hand over."""
    inputs: list[SubmittedBatch] = []
    exhaust(Segmenter(NoEngine(inputs))(Channel.of(*batches)))
    return inputs


def submit_all(engine: Engine, inputs: Sequence[SubmittedBatch]) -> list[Pending]:
    """Run the network on all, and return when it has; labels are still to be fetched.

    An engine tells only by its labels that it is done. So the last batches are asked
    for labels of a few pixels, which cost nothing, and awaited; the others are
    returned, the first at least.
    """
    head = max(1, len(inputs) - _TAIL)
    pending = [engine.submit(one.pictures, one.sizes_hw) for one in inputs[:head]]
    last = [
        engine.submit(one.pictures, [_SPECK_HW] * len(one.pictures))
        for one in inputs[head:]
    ]
    for one in last:
        one.labels()
    return pending
