"""How far another engine, precision or network gives the same labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from maskstream.training.datasets import Labels

__all__ = ["Agreement", "AgreementScores"]


@dataclass(frozen=True, slots=True)
class AgreementScores:
    """Shares of pixels with the same label; nan where no picture was compared."""

    agreement: float
    worst_picture: float


@dataclass(slots=True)
class Agreement:
    """Compares two label maps of each picture, void or not: no truth is needed."""

    _num_same: int = 0
    _num_pixels: int = 0
    _worst: float = math.inf

    def add(self, labels: Labels, others: Labels) -> None:
        """Count one picture."""
        num_same = int((labels == others).sum())
        self._num_same += num_same
        self._num_pixels += labels.size
        self._worst = min(self._worst, num_same / labels.size)

    def scores(self) -> AgreementScores:
        """Return the shares over all pictures so far."""
        if not self._num_pixels:
            return AgreementScores(math.nan, math.nan)
        return AgreementScores(self._num_same / self._num_pixels, self._worst)
