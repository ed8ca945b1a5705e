"""How steady labels are in time: what changes though the scene does not.

Y. Liu, C. Shen, C. Yu, J. Wang: "Efficient semantic video segmentation with per-frame
inference", ECCV 2020, section 4.1: the labels of a frame are carried along the optical
flow to the next frame and compared with the labels there. A plain count of changes
would blame the network for the motion of the camera; a dashcam never stands still.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from maskstream.training.datasets import VOID, Labels, Picture
from maskstream.training.metrics.scores import Scores, count_pixels

__all__ = ["Motion", "MotionTracker", "TemporalConsistency", "TemporalScores"]

_T = TypeVar("_T", np.uint8, np.float32)

Grey = npt.NDArray[np.uint8]  # (H, W)
Flow = npt.NDArray[np.float32]  # (H, W, 2) pixels to the right and down


@dataclass(frozen=True, slots=True)
class TemporalScores:
    """Agreement of each frame's labels with those before it; nan for one frame."""

    consistency: float  # mean IoU of carried and new labels
    flicker: float  # share of pixels that were followed and changed their class
    followed: float  # share of pixels that could be followed from frame to frame


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Where the pixels of a frame were in the one before it."""

    back: Flow
    is_followed: npt.NDArray[np.bool_]  # (H, W)


@dataclass(slots=True)
class MotionTracker:
    """Finds the motion from frame to frame by optical flow (DIS).

    A pixel is followed where the flows there and back agree (N. Sundaram, T. Brox, K.
    Keutzer, ECCV 2010, equation 5): not where something appears or is hidden.
    """

    _before: Grey | None = None

    def step(self, picture: Picture) -> Motion | None:
        """Take the next frame, all of one size; None for the first."""
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        before, self._before = self._before, grey
        return None if before is None else _follow(grey, before)


@dataclass(slots=True)
class TemporalConsistency:
    """Compares the labels of neighbouring frames along the motion between them."""

    names: tuple[str, ...]
    _before: Labels | None = None
    _counts: npt.NDArray[np.int64] = field(init=False)  # (K, K), carried by row
    _num_pixels: int = 0

    def __post_init__(self) -> None:
        self._counts = np.zeros((len(self.names), len(self.names)), np.int64)

    def add(self, motion: Motion | None, labels: Labels) -> None:
        """Take the labels of the next frame, and its motion since the one before."""
        if motion is not None and self._before is not None:
            carried = _fetch(self._before, motion.back, cv2.INTER_NEAREST)
            is_compared = motion.is_followed & (labels != VOID)
            carried = np.where(is_compared, carried, np.uint8(VOID))
            self._counts += count_pixels(labels, carried, len(self.names))
            self._num_pixels += labels.size
        self._before = labels

    def scores(self) -> TemporalScores:
        """Return the scores over all neighbours so far, from one count."""
        followed = int(self._counts.sum())
        if followed == 0:
            return TemporalScores(math.nan, math.nan, math.nan)
        scores = Scores.of(self._counts, self.names)
        return TemporalScores(
            consistency=scores.mean_iou,
            flicker=1 - scores.pixel_accuracy,
            followed=followed / self._num_pixels,
        )


def _follow(now: Grey, before: Grey) -> Motion:
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    still = np.zeros((*now.shape, 2), np.float32)  # where the search begins
    back = np.asarray(dis.calc(now, before, still.copy()), np.float32)  # (H, W, 2)
    forth = np.asarray(dis.calc(before, now, still), np.float32)
    forth = _fetch(forth, back, cv2.INTER_LINEAR)
    apart = ((back + forth) ** 2).sum(2)  # (H, W) squared pixels
    length = (back**2).sum(2) + (forth**2).sum(2)
    rows, columns = np.indices(now.shape, np.float32)
    inside = (
        (columns + back[..., 0] >= 0)
        & (columns + back[..., 0] <= now.shape[1] - 1)
        & (rows + back[..., 1] >= 0)
        & (rows + back[..., 1] <= now.shape[0] - 1)
    )
    return Motion(back, inside & (apart < 0.01 * length + 0.5))


def _fetch(values: npt.NDArray[_T], flow: Flow, how: int) -> npt.NDArray[_T]:
    """Take the value at the end of each pixel's flow."""
    rows, columns = np.indices(flow.shape[:2], np.float32)
    ends = columns + flow[..., 0], rows + flow[..., 1]
    fetched = cv2.remap(values, *ends, how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(fetched, values.dtype)
