"""From scores at stride 8 to labels at frame size: the last bilinear step and arg-max.

Neither the frame-sized scores nor any float leaves this module. On the CPU one compiled
loop does both steps and skips most of the work: bilinear weights are convex, so a class
that wins at all four corners of a cell wins everywhere in it, and a class that another
one beats at all four corners wins nowhere in it. On a device the same arithmetic runs
in torch, a band of rows at a time.

Frame pixel P lies at network pixel ``p = (P + .5) * network / frame - .5`` and at score
sample ``(p + offset) / stride``, clamped to the map. Both functions give the labels of
that bilinear map in exact arithmetic wherever its two best classes differ by more than
1e-4 of the largest score; the lowest class wins a tie.
"""

from __future__ import annotations

import logging
import time
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from maskstream.models.compiled import compiled
from maskstream.pipeline.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from maskstream.models.geometry import ScoreGrid

__all__ = [
    "check_num_classes",
    "labels_from_scores",
    "labels_from_scores_torch",
    "prepare_kernel",
    "score_taps",
]

logger = logging.getLogger(__name__)

_MAX_CLASSES = 256  # labels are uint8
_BAND_SCORES = 1 << 24  # frame-sized scores alive at a time on a device: 64 MiB each


def labels_from_scores(
    scores: NDArray[np.float32],
    grid: ScoreGrid,
    network_size_hw: tuple[int, int],
    height: int,
    width: int,
    out: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Label every pixel of a frame, on the calling thread and without the GIL.

    Args:
        scores: (K, h, w) of one picture.
        grid: where the scores lie on the network's input.
        network_size_hw: the size of that input.
        height: rows of the frame.
        width: columns of the frame.
        out: (height, width), filled and returned when given.

    Raises:
        ModelError: there are more classes than a uint8 can name.
    """
    num_classes, h, w = scores.shape
    check_num_classes(num_classes)
    if out is None:
        out = np.empty((height, width), np.uint8)
    row_of, down = score_taps(height, network_size_hw[0], h, grid)
    column_of, across = score_taps(width, network_size_hw[1], w, grid)
    _fill_labels(
        np.ascontiguousarray(scores, np.float32),
        row_of,
        down,
        column_of,
        across,
        out,
    )
    return out


def labels_from_scores_torch(
    scores: Tensor,
    grid: ScoreGrid,
    network_size_hw: tuple[int, int],
    height: int,
    width: int,
) -> Tensor:
    """Label every pixel of a batch of equal frames, on the scores' own device.

    Memory stays bounded: of the frame-sized scores only a band of rows exists at a
    time. Nothing here waits for the device.

    Args:
        scores: (N, K, h, w) floats.
        grid: where the scores lie on the network's input.
        network_size_hw: the size of that input.
        height: rows of the frames.
        width: columns of the frames.

    Returns:
        (N, height, width) uint8.

    Raises:
        ModelError: there are more classes than a uint8 can name.
    """
    import torch  # a network that was converted runs without

    n, num_classes, h, w = scores.shape
    check_num_classes(num_classes)
    top, down, left, across = (
        torch.from_numpy(tap).to(scores.device, non_blocking=True)
        for tap in (
            *score_taps(height, network_size_hw[0], h, grid),
            *score_taps(width, network_size_hw[1], w, grid),
        )
    )
    bottom = (top + 1).clamp(max=h - 1)
    right = (left + 1).clamp(max=w - 1)
    scores = scores.float()
    labels = torch.empty(n, height, width, dtype=torch.uint8, device=scores.device)
    step = max(1, _BAND_SCORES // (n * num_classes * width))
    for first in range(0, height, step):
        band = slice(first, first + step)
        rows = torch.lerp(  # (N, K, band, w)
            scores[:, :, top[band]], scores[:, :, bottom[band]], down[band, None]
        )
        frame = torch.lerp(rows[..., left], rows[..., right], across)
        labels[:, band] = frame.argmax(1)
    return labels


def prepare_kernel() -> None:
    """Load the compiled kernel, or compile it on the first run (about two seconds).

    It is cached beside this file, or in the user's cache folder where the package
    cannot be written.
    """
    began = time.perf_counter()
    taps = np.zeros(1, np.int64), np.zeros(1, np.float32)
    scores = np.zeros((1, 1, 1), np.float32)
    _fill_labels(scores, *taps, *taps, np.empty((1, 1), np.uint8))
    seconds = time.perf_counter() - began
    if _fill_labels.stats.cache_misses:
        logger.info("compiled the labelling kernel in %.1f s", seconds)


def check_num_classes(num_classes: int) -> None:
    """Refuse more classes than a uint8 can name."""
    if num_classes > _MAX_CLASSES:
        raise ModelError(
            f"the network has {num_classes} classes; labels hold at most {_MAX_CLASSES}"
        )


@lru_cache(maxsize=32)
def score_taps(
    num_labels: int, num_pixels: int, num_samples: int, grid: ScoreGrid
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the lower sample and the weight of the next, each (num_labels,)."""
    samples = np.arange(num_labels, dtype=np.float64)
    positions = grid.locate(samples, num_pixels, num_labels)
    positions = positions.clip(0, num_samples - 1)
    low = positions.astype(np.int64).clip(max=max(num_samples - 2, 0))
    return low, (positions - low).astype(np.float32)


@compiled
def _find_winners(scores: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the best class of each sample, (h, w); the lowest wins a tie."""
    num_classes, h, w = scores.shape
    best = scores[0].copy()
    winners = np.zeros((h, w), np.uint8)
    for k in range(1, num_classes):
        for y in range(h):
            for x in range(w):
                if scores[k, y, x] > best[y, x]:
                    best[y, x] = scores[k, y, x]
                    winners[y, x] = k
    return winners


@compiled
def _find_contenders(
    corners: NDArray[np.float32],
    winners: tuple[int, int, int, int],
    contenders: NDArray[np.uint8],
) -> int:
    """Write the classes that can win inside a cell, in order; return their number.

    A class cannot where one winner of a corner is better at all four corners, or as
    good and of lower index. `corners` is (4, K).
    """
    num_contenders = 0
    for k in range(corners.shape[1]):
        contends = True
        for m in winners:
            lead = corners[0, m] - corners[0, k]
            for corner in range(1, 4):
                lead = min(lead, corners[corner, m] - corners[corner, k])
            if lead > 0 or (lead == 0 and m < k):
                contends = False
        if contends:
            contenders[num_contenders] = k
            num_contenders += 1
    return num_contenders


@compiled
def _fill_cell(
    corners: NDArray[np.float32],
    contenders: NDArray[np.uint8],
    down: NDArray[np.float32],
    across: NDArray[np.float32],
    out: NDArray[np.uint8],
) -> None:
    """Give each pixel of one cell its best contender; weights are per row and column.

    `corners` is (4, K): top left, top right, bottom left, bottom right.
    """
    left = np.empty(contenders.size, np.float32)
    slope = np.empty(contenders.size, np.float32)
    for y in range(down.size):
        for i, k in enumerate(contenders):
            left[i] = corners[0, k] + down[y] * (corners[2, k] - corners[0, k])
            right = corners[1, k] + down[y] * (corners[3, k] - corners[1, k])
            slope[i] = right - left[i]
        for x in range(across.size):
            best, label = left[0] + across[x] * slope[0], contenders[0]
            for i in range(1, contenders.size):
                score = left[i] + across[x] * slope[i]
                if score > best:
                    best, label = score, contenders[i]
            out[y, x] = label


@compiled
def _fill_labels(
    scores: NDArray[np.float32],
    row_of: NDArray[np.int64],
    down: NDArray[np.float32],
    column_of: NDArray[np.int64],
    across: NDArray[np.float32],
    out: NDArray[np.uint8],
) -> None:
    """Fill `out` (H, W) cell by cell; a cell is what lies between four samples."""
    num_classes, h, w = scores.shape
    winners = _find_winners(scores)
    corners = np.empty((4, num_classes), np.float32)
    contenders = np.empty(num_classes, np.uint8)
    bottom = 0
    while bottom < row_of.size:
        top = bottom
        y0 = row_of[top]
        y1 = min(y0 + 1, h - 1)
        while bottom < row_of.size and row_of[bottom] == y0:
            bottom += 1
        right = 0
        while right < column_of.size:
            left = right
            x0 = column_of[left]
            x1 = min(x0 + 1, w - 1)
            while right < column_of.size and column_of[right] == x0:
                right += 1
            a, b = winners[y0, x0], winners[y0, x1]
            c, d = winners[y1, x0], winners[y1, x1]
            cell = out[top:bottom, left:right]
            if a == b == c == d:
                cell[:] = a
                continue
            for k in range(num_classes):
                corners[0, k], corners[1, k] = scores[k, y0, x0], scores[k, y0, x1]
                corners[2, k], corners[3, k] = scores[k, y1, x0], scores[k, y1, x1]
            count = _find_contenders(corners, (a, b, c, d), contenders)
            rows, columns = down[top:bottom], across[left:right]
            _fill_cell(corners, contenders[:count], rows, columns, cell)
