"""The overlay: class colours blended straight into the planes of a picture.

Each pixel has a code: its class, plus 256 on the border of its class where contours are
drawn. A code says how much of the pixel stays and what is added to it, so that classes,
hidden classes and contours are one table. A row is painted run by run of one code, with
one multiplication and one addition for each sample, in fixed point.

A chroma sample belongs to several pixels. Where they differ it gets the mean of what
each would do to it, and only if all of them are painted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskstream.pipeline.frame import Labels
from maskstream.stages.overlay_kernel import BORDER, NUM_CODES, blend
from maskstream.stages.planes import PlaneLayout, Samples

__all__ = ["Overlay"]


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """What is painted over each class, in the codes of one plane layout.

    A sample becomes ``(sample * keep + add) >> bits``, where 1 is ``1 << bits`` and
    ``bits`` are those that the sample takes in memory.
    """

    layout: PlaneLayout
    keep: NDArray[np.uint32]
    """(513,) by code."""
    add: NDArray[np.uint32]
    """(3, 513) by plane and code, a half for rounding included."""
    contour_px: int
    """Width of a contour on each side of a border; 0 for none."""

    @classmethod
    def of(
        cls,
        colours: Sequence[tuple[int, int, int]],
        *,
        visible: Collection[int],
        alpha: float,
        contour_px: int,
        layout: PlaneLayout,
    ) -> Overlay:
        """Lay out the tables.

        Args:
            colours: Red, green and blue of each class.
            visible: The classes that are painted; all others stay as they are.
            alpha: 0 shows the picture, 1 the class colour alone.
            contour_px: Width of a contour on each side of a border; 0 for none.
            layout: Of the pictures to be painted.
        """
        one = 1 << layout.sample_bits
        keep = np.full(NUM_CODES, one, np.uint32)
        add = np.full((3, NUM_CODES), one // 2, np.uint32)
        codes = layout.codes(np.array(colours, np.uint8)).astype(np.uint32)  # (K, 3)
        for label in visible:
            for code, share in ((label, round(alpha * one)), (label + BORDER, one)):
                keep[code] = one - share
                add[:, code] += codes[label] * np.uint32(share)
        return cls(layout, keep, add, contour_px)

    def blend(self, planes: tuple[Samples, Samples, Samples], labels: Labels) -> None:
        """Paint into ``planes``, on the calling thread and without the GIL.

        Args:
            planes: As `plane_samples` gives them.
            labels: (H, W) as stored, like the picture.
        """
        height, width = labels.shape
        assert height == planes[0].shape[0], "labels of another picture"
        assert width <= planes[0].shape[1], "labels of another picture"
        blend(
            *planes,
            np.ascontiguousarray(labels),
            self.layout.shift_w,
            self.layout.shift_h,
            self.keep,
            self.add,
            self.contour_px,
        )
