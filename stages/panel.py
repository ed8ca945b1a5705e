"""A small image with opacity, set in a corner of a picture and ready for its planes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskstream.stages.legend import PanelImage
from maskstream.stages.planes import PlaneLayout, Samples

__all__ = ["Corner", "Panel"]

_GRID = 4  # rows and columns that a chroma sample stands for, at most

_Weights: TypeAlias = NDArray[np.unsignedinteger[Any]]


class Corner(Enum):
    """Where a panel stands in the upright picture: signs of (down, right)."""

    TOP_LEFT = (-1, -1)
    BOTTOM_LEFT = (1, -1)


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """What is blended into each of three planes, and where.

    A sample becomes ``(sample * keep + add) >> bits``, where 1 is ``1 << bits`` and
    ``bits`` are those that the sample takes in memory.
    """

    bits: int
    parts: tuple[tuple[tuple[slice, slice], _Weights, _Weights], ...]
    """Rows and columns, keep and add, by plane."""

    @classmethod
    def of(
        cls,
        image: PanelImage,
        corner: Corner,
        size_hw: tuple[int, int],
        rotation: int,
        layout: PlaneLayout,
    ) -> Panel | None:
        """Turn an upright image as the picture is stored, and find its place.

        Args:
            image: What to show.
            corner: Of the upright picture.
            size_hw: The picture's, as stored.
            rotation: Degrees counter-clockwise that set the picture upright.
            layout: Of the picture's planes.

        Returns:
            None where the picture is too small for it.
        """
        down, right = corner.value
        for _ in range(rotation // 90):
            down, right = right, -down  # a quarter turn clockwise
        stored = np.rot90(image, -(rotation // 90), axes=(1, 2))
        h, w = stored.shape[1:]
        margin = max(_GRID, round(min(size_hw) * 0.015))
        top = _place(down, h, size_hw[0], margin)
        left = _place(right, w, size_hw[1], margin)
        if top is None or left is None:
            return None
        opacity = np.ascontiguousarray(stored[3])
        bits = layout.sample_bits
        one, dtype = 1 << bits, np.dtype(f"u{bits // 4}")  # room for sample * keep
        parts = []
        for plane in range(3):
            y, x = (0, 0) if plane == 0 else (layout.shift_h, layout.shift_w)
            place = slice(top >> y, top + h >> y), slice(left >> x, left + w >> x)
            share, colour = (
                cv2.resize(part, (w >> x, h >> y), interpolation=cv2.INTER_AREA)
                for part in (opacity, stored[plane] * opacity)
            )
            # Both are rounded down, so that their sum never passes the largest code.
            keep = ((1 - share) * one).astype(dtype)
            add = (colour * one + one // 2).astype(dtype)
            parts.append((place, keep, add))
        return cls(bits, tuple(parts))

    def blend(self, planes: tuple[Samples, Samples, Samples]) -> None:
        """Paint into the planes of a picture."""
        for plane, (place, keep, add) in zip(planes, self.parts, strict=True):
            plane[place] = (plane[place] * keep + add) >> self.bits


def _place(sign: int, length: int, total: int, margin: int) -> int | None:
    """Find where to begin near the low (-1) or the high (1) end of a side."""
    if length + 2 * margin > total:
        return None
    start = margin if sign < 0 else total - margin - length
    return start // _GRID * _GRID
