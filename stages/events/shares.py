"""How much of the picture, or of a region of it, classes cover."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from maskstream.models.classes import ClassTable
from maskstream.pipeline.frame import Labels
from maskstream.stages.events.rules import Point, Rule

__all__ = ["Shares"]

_ROWS = 270  # that are looked at, at least: at 540p this takes a quarter of the time


class Shares:
    """Looks at frames for some rules; a region is looked at once for all of them.

    Large pictures are looked at in a grid of every other pixel, or wider still.

    Raises:
        ConfigError: A rule is about a class that does not exist.
    """

    def __init__(self, rules: Sequence[Rule], classes: ClassTable) -> None:
        self._asked = [
            (rule.within, [classes.index(name) for name in rule.classes])
            for rule in rules
        ]
        self._key: tuple[int, ...] = ()
        self._regions: dict[tuple[Point, ...], NDArray[np.uint8] | None] = {}

    def of(self, labels: Labels, rotation: int) -> list[float]:
        """Return the share that each rule asks for, in the order of the rules.

        Args:
            labels: (H, W) as stored.
            rotation: Degrees counter-clockwise that set them upright.
        """
        step = max(1, min(labels.shape) // _ROWS)
        labels = np.ascontiguousarray(labels[::step, ::step])
        key = (*labels.shape, rotation)
        if key != self._key:
            self._key = key
            self._regions = {
                within: _region(within, labels.shape, rotation)
                for within, _ in self._asked
            }
        counts = {
            within: cv2.calcHist([labels], [0], region, [256], [0, 256]).ravel()
            for within, region in self._regions.items()
        }
        return [
            float(counts[within][ids].sum() / max(counts[within].sum(), 1))
            for within, ids in self._asked
        ]


def _region(
    within: tuple[Point, ...], shape: tuple[int, ...], rotation: int
) -> NDArray[np.uint8] | None:
    """(H, W) as stored, 1 within the corners; None for all of it."""
    if not within:
        return None
    upright = shape[::-1] if rotation % 180 else shape
    height, width = upright
    corners = np.rint(np.array(within) * (width - 1, height - 1)).astype(np.int32)
    region = np.zeros(upright, np.uint8)
    cv2.fillPoly(region, [corners], (1,))
    return np.ascontiguousarray(np.rot90(region, -(rotation // 90)))
