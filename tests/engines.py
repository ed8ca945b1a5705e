"""An engine that knows nothing and takes its time, as a slow device does."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["PacedEngine"]


@dataclass(slots=True)
class PacedEngine:
    """Labels every pixel as the first class, after a while."""

    seconds: float = 0.0
    """For each batch."""
    name: str = "paced"
    device: str = "cpu"
    precision: str = "fp32"

    def submit(
        self, pictures: Sequence[NDArray[np.uint8]], sizes_hw: Sequence[tuple[int, int]]
    ) -> _Labels:
        """Start on pictures."""
        assert pictures
        return _Labels(self.seconds, sizes_hw)

    def busy_s(self) -> float:
        """Return nothing of use."""
        return 0.0

    def waited_s(self) -> float:
        """Return nothing of use."""
        return 0.0

    def close(self) -> None:
        """Have nothing to close."""


@dataclass(frozen=True, slots=True)
class _Labels:
    seconds: float
    sizes_hw: Sequence[tuple[int, int]]

    def labels(self) -> list[NDArray[np.uint8]]:
        """Wait for the device."""
        if self.seconds:
            threading.Event().wait(self.seconds)
        return [np.zeros(size_hw, np.uint8) for size_hw in self.sizes_hw]
