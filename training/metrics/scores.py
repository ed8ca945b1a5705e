"""The scores of the FCN paper, from one count over all pixels of a set."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskstream.training.datasets import Labels

__all__ = ["Scores", "count_pixels"]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The four scores of the FCN paper and the IoU of each class; nan where absent."""

    pixel_accuracy: float
    mean_accuracy: float
    mean_iou: float
    frequency_weighted_iou: float
    per_class_iou: dict[str, float]
    confusion: npt.NDArray[np.int64]  # (K, K) pixels, true class by row

    @classmethod
    def of(cls, confusion: npt.NDArray[np.int64], names: tuple[str, ...]) -> Scores:
        """Compute the scores from a (K, K) count of pixels, true class by row.

        As score.py of the original release: a class that is neither present nor
        predicted has no IoU and is left out of the means.
        """
        hits = np.diag(confusion).astype(np.float64)  # (K,)
        true = confusion.sum(1)  # (K,)
        predicted = confusion.sum(0)  # (K,)
        total = confusion.sum()
        with np.errstate(invalid="ignore"):
            recall = hits / true
            iou = hits / (true + predicted - hits)
            frequency = true / total
        present = frequency > 0
        weighted = (frequency[present] * iou[present]).sum()
        return cls(
            pixel_accuracy=float(hits.sum() / total) if total else math.nan,
            mean_accuracy=mean_of_present(recall),
            mean_iou=mean_of_present(iou),
            frequency_weighted_iou=float(weighted) if total else math.nan,
            per_class_iou=dict(zip(names, iou.tolist(), strict=True)),
            confusion=confusion,
        )


def count_pixels(
    labels: Labels, truth: Labels, num_classes: int
) -> npt.NDArray[np.int64]:
    """Count pixels by true and predicted class, (K, K), where the truth is known."""
    known = truth < num_classes
    pairs = num_classes * truth[known].astype(np.int64) + labels[known]
    counts = np.bincount(pairs, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def mean_of_present(values: npt.NDArray[np.float64]) -> float:
    """Take the mean of what is not nan; nan if nothing is left."""
    present = values[~np.isnan(values)]
    return float(present.mean()) if present.size else math.nan
