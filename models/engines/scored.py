"""Labels of pictures that are scored one by one, on the CPU."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskstream.models.engines.base import IntervalSum
from maskstream.models.geometry import ScoreGrid
from maskstream.models.upsample import labels_from_scores

__all__ = ["PendingScores"]


@dataclass(frozen=True, slots=True, eq=False)
class PendingScores:
    """Pictures of one size on their way; see `Pending`."""

    fetches: Sequence[Callable[[], NDArray[np.float32]]]
    """Wait for the (K, h8, w8) of each."""
    sizes_hw: Sequence[tuple[int, int]]
    grid: ScoreGrid
    network_size_hw: tuple[int, int]
    waited: IntervalSum

    def labels(self) -> list[NDArray[np.uint8]]:
        """Wait for the scores, and label each picture; see `Pending.labels`."""
        labels = []
        for fetch, (height, width) in zip(self.fetches, self.sizes_hw, strict=True):
            began = time.perf_counter()
            scores = fetch()
            self.waited.add(began, time.perf_counter())
            labels.append(
                labels_from_scores(
                    scores, self.grid, self.network_size_hw, height, width
                )
            )
        return labels
