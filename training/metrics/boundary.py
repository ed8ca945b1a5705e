"""How well contours are followed: the boundary F1 score.

G. Csurka, D. Larlus, F. Perronnin: "What is a good evaluation measure for semantic
segmentation?", BMVC 2013, section 3.2. IoU hardly sees a contour that is a few pixels
off; this score sees nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from maskstream.training.datasets import VOID, Labels
from maskstream.training.metrics.scores import mean_of_present

__all__ = ["BoundaryF1", "BoundaryScores"]

TOLERANCE = 0.0075  # of the picture's diagonal, as the paper: 4.5 pixels at 480x360

Mask = npt.NDArray[np.bool_]  # (H, W)


@dataclass(frozen=True, slots=True)
class BoundaryScores:
    """F1 of the boundaries of each class, and their mean; nan where absent."""

    mean_f1: float
    per_class_f1: dict[str, float]
    tolerance: float = TOLERANCE


@dataclass(slots=True)
class BoundaryF1:
    """Adds up, picture by picture, how boundaries agree within a tolerance.

    Precision is the share of a class's predicted boundary that lies near its true one,
    recall the reverse. F1 is taken for each class and picture that has the class in its
    truth, and averaged over those pictures. Void has no boundaries.
    """

    names: tuple[str, ...]
    _sums: npt.NDArray[np.float64] = field(init=False)  # (K,) of F1
    _counts: npt.NDArray[np.int64] = field(init=False)  # (K,) of pictures

    def __post_init__(self) -> None:
        self._sums = np.zeros(len(self.names))
        self._counts = np.zeros(len(self.names), np.int64)

    def add(self, labels: Labels, truth: Labels) -> None:
        """Count one picture."""
        known = truth != VOID
        labels = np.where(known, labels, np.uint8(VOID))
        reach = TOLERANCE * math.hypot(*truth.shape)
        true_edges, edges = _edges(truth), _edges(labels)
        for class_id in np.unique(truth[known]).tolist():
            expected = true_edges & (truth == class_id)
            found = edges & (labels == class_id)
            if not expected.any():  # a class that fills the picture has no boundary
                continue
            precision = _share_near(found, expected, reach)
            recall = _share_near(expected, found, reach)
            if precision + recall > 0:
                self._sums[class_id] += 2 * precision * recall / (precision + recall)
            self._counts[class_id] += 1

    def scores(self) -> BoundaryScores:
        """Return the means over all pictures so far."""
        with np.errstate(invalid="ignore"):
            f1 = self._sums / self._counts  # (K,)
        return BoundaryScores(
            mean_of_present(f1), dict(zip(self.names, f1.tolist(), strict=True))
        )


def _edges(labels: Labels) -> Mask:
    """Find pixels beside, above or below one of another class; void is no class."""
    edges = np.zeros(labels.shape, np.bool_)
    for one, other, here, there in (
        (labels[1:], labels[:-1], edges[1:], edges[:-1]),
        (labels[:, 1:], labels[:, :-1], edges[:, 1:], edges[:, :-1]),
    ):
        differ = (one != other) & (one != VOID) & (other != VOID)
        here |= differ
        there |= differ
    return edges


def _share_near(edges: Mask, others: Mask, reach: float) -> float:
    """Return the share of edge pixels with another edge within reach."""
    if not edges.any() or not others.any():
        return 0.0
    away = cv2.distanceTransform(
        (~others).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )  # (H, W) pixels to the nearest of the others
    return float((away[edges] <= reach).mean())
