"""Things that can be counted: connected regions of one class."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from maskstream.models.classes import ClassTable
from maskstream.pipeline.frame import Labels

__all__ = ["FoundObject", "find_objects"]


@dataclass(frozen=True, slots=True)
class FoundObject:
    """One region of a countable class."""

    class_name: str
    left: int
    top: int
    width: int
    height: int
    area: int
    """Pixels of the region itself, not of its box."""


def find_objects(
    labels: Labels, classes: ClassTable, min_area: int
) -> list[FoundObject]:
    """Find the connected regions of the countable classes, the largest first.

    Pixels are connected over their corners too. Things that touch make one region.

    Args:
        labels: (H, W) class ids.
        classes: Says which classes are countable.
        min_area: Smaller regions are left out, in pixels.
    """
    found = []
    for name in classes.countable:
        mask = (labels == classes.index(name)).view(np.uint8)
        x, y, w, h = cv2.boundingRect(mask)  # most of a frame is other classes: 8x
        if w == 0:
            continue
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask[y : y + h, x : x + w])
        for left, top, width, height, area in stats[1:].tolist():  # 0 is the rest
            if area >= min_area:
                found.append(FoundObject(name, x + left, y + top, width, height, area))
    return sorted(found, key=lambda it: it.area, reverse=True)
