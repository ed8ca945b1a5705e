"""Pictures with the truth and the network's answer beside them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from maskstream.models.classes import ClassTable
from maskstream.training.augment import IGNORE
from maskstream.training.dataset import Labels, Picture

__all__ = ["mean_iou_by_picture", "write_example"]

_MAX_HEIGHT = 360
_UNKNOWN = (160, 160, 160)
_RIGHT_OR_WRONG = np.array([(235, 235, 235), (220, 20, 60)], np.uint8)


def mean_iou_by_picture(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Score each picture by itself, over the classes that are in it.

    Args:
        counts: (P, K, K) pixels of each picture, true class by row.

    Returns:
        (P,) mean IoU; nan where nothing is known.
    """
    hits = np.diagonal(counts, axis1=1, axis2=2).astype(np.float64)  # (P, K)
    true = counts.sum(2)  # (P, K)
    union = true + counts.sum(1) - hits  # (P, K)
    iou = np.divide(hits, union, out=np.zeros_like(hits), where=union > 0)
    num_present = (true > 0).sum(1)  # (P,)
    with np.errstate(invalid="ignore"):
        return np.asarray((iou * (true > 0)).sum(1) / num_present)


def write_example(
    path: Path, picture: Picture, truth: Labels, labels: Labels, classes: ClassTable
) -> None:
    """Write a PNG: the picture, the truth, the answer, and where the two differ."""
    num_classes = len(classes)
    colours = np.full((256, 3), _UNKNOWN, np.uint8)
    colours[:num_classes] = classes.colours
    known = np.where(truth < num_classes, truth, np.uint8(IGNORE))
    mistakes = _RIGHT_OR_WRONG[(known != labels).astype(np.intp)]  # (H, W, 3)
    mistakes[known == IGNORE] = _UNKNOWN
    panels = [picture, colours[known], colours[labels], mistakes]
    strip = np.concatenate(panels, axis=1)  # (H, 4 * W, 3)
    if strip.shape[0] > _MAX_HEIGHT:
        width = round(strip.shape[1] * _MAX_HEIGHT / strip.shape[0])
        size = (width, _MAX_HEIGHT)
        strip = np.asarray(cv2.resize(strip, size, interpolation=cv2.INTER_AREA))
    cv2.imwrite(str(path), strip[..., ::-1])
