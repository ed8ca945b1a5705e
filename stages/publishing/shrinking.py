"""Frames with their labels, as small and upright as a preview shows them."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from maskstream.pipeline.frame import Labels, Segmentation, StreamFormat
from maskstream.stages.displayed_size import displayed_hw
from maskstream.stages.publishing.fitting import Fitter

__all__ = ["Shrinker"]


class Shrinker:
    """Makes frames that are no longer than ``longest`` on either side."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._large: StreamFormat | None = None
        self._small: StreamFormat | None = None
        self._fitter: Fitter | None = None

    def shrink(self, item: Segmentation) -> Segmentation:
        """Return a frame with a picture of its own; what is given is only read."""
        large = item.frame.format
        if large is not self._large or self._small is None or self._fitter is None:
            height, width = displayed_hw(large, self._longest)
            self._fitter = Fitter((height, width))
            self._small = StreamFormat(
                height, width, large.time_base, average_rate=large.average_rate
            )
            self._large = large
        picture = self._fitter.fit(item.frame.picture, large)
        labels = _upright(item.labels, large.rotation)
        size = self._small.width, self._small.height
        # nearest, not bilinear: labels are names, not quantities
        small = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
        frame = replace(item.frame, picture=picture, format=self._small)
        return replace(item, frame=frame, labels=np.asarray(small, np.uint8))


def _upright(labels: Labels, rotation: int) -> Labels:
    return np.ascontiguousarray(np.rot90(labels, rotation // 90))
