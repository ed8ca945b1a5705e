"""Labels in Triton: bilinear sampling and arg-max in registers, class by class.

The scores at the network's stride are small enough to stay in the caches; what is
written is one byte a pixel. `labels_from_scores_torch` is its twin.
"""

from __future__ import annotations

from functools import lru_cache

import torch
import triton
import triton.language as tl
from torch import Tensor

from maskstream.models.geometry import ScoreGrid
from maskstream.models.upsample import check_num_classes, score_taps

__all__ = ["labels_from_scores_triton"]

_ROWS, _COLUMNS = 4, 128  # of a block


def labels_from_scores_triton(
    scores: Tensor,
    grid: ScoreGrid,
    network_size_hw: tuple[int, int],
    height: int,
    width: int,
) -> Tensor:
    """Do what `labels_on_device` does, in one kernel."""
    n, num_classes, h, w = scores.shape
    check_num_classes(num_classes)
    device = scores.device
    labels = torch.empty(n, height, width, dtype=torch.uint8, device=device)
    blocks = triton.cdiv(width, _COLUMNS), triton.cdiv(height, _ROWS), n
    _label[blocks](
        labels,
        height,
        width,
        scores,
        *scores.stride(),
        num_classes,
        h,
        w,
        *_taps(height, network_size_hw[0], h, grid, device),
        *_taps(width, network_size_hw[1], w, grid, device),
        ROWS=_ROWS,
        COLUMNS=_COLUMNS,
    )
    return labels


@lru_cache(maxsize=32)
def _taps(
    num_labels: int,
    num_pixels: int,
    num_samples: int,
    grid: ScoreGrid,
    device: torch.device,
) -> list[Tensor]:
    """Return the lower sample and the weight of the next, each (num_labels,)."""
    taps = score_taps(num_labels, num_pixels, num_samples, grid)
    return [torch.as_tensor(one).to(device) for one in taps]


@triton.jit  # type: ignore[untyped-decorator]
def _label(  # type: ignore[no-untyped-def]
    labels, height, width,
    scores, picture_step, class_step, row_step, column_step, num_classes, h, w,
    tops, downs, lefts, acrosses, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Label a block of one picture."""
    picture = tl.program_id(2).to(tl.int64)
    i = tl.program_id(1) * ROWS + tl.arange(0, ROWS)[:, None]
    j = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
    is_inside = (i < height) & (j < width)
    top = tl.load(tops + i, mask=i < height, other=0)
    left = tl.load(lefts + j, mask=j < width, other=0)
    down = tl.load(downs + i, mask=i < height, other=0.0)
    across = tl.load(acrosses + j, mask=j < width, other=0.0)
    bottom = tl.minimum(top + 1, h - 1)
    right = tl.minimum(left + 1, w - 1)

    scores += picture * picture_step
    top_left = scores + top * row_step + left * column_step
    top_right = scores + top * row_step + right * column_step
    bottom_left = scores + bottom * row_step + left * column_step
    bottom_right = scores + bottom * row_step + right * column_step
    best = tl.full((ROWS, COLUMNS), float("-inf"), tl.float32)
    label = tl.full((ROWS, COLUMNS), 0, tl.int32)
    for k in range(num_classes):
        step = k * class_step
        upper = tl.load(top_left + step).to(tl.float32)
        lower = tl.load(bottom_left + step).to(tl.float32)
        west = upper + down * (lower - upper)
        upper = tl.load(top_right + step).to(tl.float32)
        lower = tl.load(bottom_right + step).to(tl.float32)
        east = upper + down * (lower - upper)
        score = west + across * (east - west)
        label = tl.where(score > best, k, label)  # the lowest class wins a tie
        best = tl.maximum(best, score)
    pixel = picture * height * width + i * width + j
    tl.store(labels + pixel, label.to(tl.uint8), mask=is_inside)
