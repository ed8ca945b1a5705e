"""Finish: batches on the device -> one labelled frame after another. Waits for it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import Clock
from maskstream.pipeline.frame import Frame, InferredBatch, Labels, Segmentation

__all__ = ["Finisher"]


@dataclass(frozen=True, slots=True)
class Finisher:
    """Take the labels from the device and turn them as the frame is stored."""

    clock: Clock
    on_latency: Callable[[Frame, float], None] | None = None
    """Told the seconds from decoder to labels of each frame."""

    def __call__(
        self, inbox: Channel[InferredBatch]
    ) -> Generator[Segmentation, None, None]:
        """Yield the frames of each batch in the batch's order."""
        for inferred in inbox:
            batch = inferred.batch
            for first, held, upright in zip(
                batch.frames, batch.held, inferred.pending.labels(), strict=True
            ):
                labels = _as_stored(upright, first.format.rotation)
                for frame in (first, *held):
                    if self.on_latency is not None:
                        self.on_latency(frame, self.clock() - frame.decoded_at)
                    is_held = frame is not first
                    yield Segmentation(frame, labels, is_held, batch.size_hw)


def _as_stored(upright: Labels, rotation: int) -> Labels:
    """Undo the turn that set the picture upright; (H, W), contiguous."""
    if rotation == 0:
        return upright
    return np.ascontiguousarray(np.rot90(upright, -(rotation // 90)))
