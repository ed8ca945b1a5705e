"""The overlay in Triton: labels are read once, each sample once, and written once.

For the arithmetic see `blend_torch`, its twin.
"""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from maskstream.models.kernels.network_input import Planes

__all__ = ["blend_triton"]

_ROWS, _COLUMNS = 4, 64  # of a block, in samples of chroma


def blend_triton(
    planes: Planes, labels: Tensor, keep: Tensor, add: Tensor, contour_px: int
) -> None:
    """Do what `blend_on_device` does, in one kernel."""
    y, u, v = planes
    assert u.stride() == v.stride(), "chroma planes that lie differently"
    share_h, share_w = (
        1 if size == whole else 2
        for size, whole in zip(u.shape, labels.shape, strict=True)
    )
    blocks = triton.cdiv(u.shape[0], _ROWS), triton.cdiv(u.shape[1], _COLUMNS)
    _blend[blocks](
        y,
        *y.stride(),
        u,
        v,
        *u.stride(),
        *u.shape,
        labels,
        *labels.shape,
        keep,
        add,
        add.stride(0),
        contour_px,
        SHARE_H=share_h,
        SHARE_W=share_w,
        HAS_CONTOURS=contour_px > 0,
        ROWS=_ROWS,
        COLUMNS=_COLUMNS,
    )


@triton.jit  # type: ignore[untyped-decorator]
def _blend(  # type: ignore[no-untyped-def]
    y, y_row_step, y_column_step,
    u, v, c_row_step, c_column_step, c_height, c_width,
    labels, height, width, keep, add, plane_step, contour_px,
    SHARE_H: tl.constexpr, SHARE_W: tl.constexpr, HAS_CONTOURS: tl.constexpr,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Paint a block of chroma samples and the pixels that share them."""
    i = tl.program_id(0) * ROWS + tl.arange(0, ROWS)[:, None]
    j = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
    is_inside = (i < c_height) & (j < c_width)
    total_keep = tl.full((ROWS, COLUMNS), 0, tl.int32)
    total_u = tl.full((ROWS, COLUMNS), 0, tl.int32)
    total_v = tl.full((ROWS, COLUMNS), 0, tl.int32)
    num_painted = tl.full((ROWS, COLUMNS), 0, tl.int32)
    for a in tl.static_range(SHARE_H):
        for b in tl.static_range(SHARE_W):
            row, column = i * SHARE_H + a, j * SHARE_W + b
            is_pixel = is_inside & (row < height) & (column < width)
            row, column = tl.minimum(row, height - 1), tl.minimum(column, width - 1)
            label = tl.load(labels + row * width + column).to(tl.int32)
            code = label
            if HAS_CONTOURS:
                above = tl.maximum(row - contour_px, 0) * width + column
                below = tl.minimum(row + contour_px, height - 1) * width + column
                left = row * width + tl.maximum(column - contour_px, 0)
                right = row * width + tl.minimum(column + contour_px, width - 1)
                is_border = (
                    (tl.load(labels + above).to(tl.int32) != label)
                    | (tl.load(labels + below).to(tl.int32) != label)
                    | (tl.load(labels + left).to(tl.int32) != label)
                    | (tl.load(labels + right).to(tl.int32) != label)
                )
                code = tl.where(is_border, label + 256, label)
            share = tl.load(keep + code)
            place = y + row * y_row_step + column * y_column_step
            luma = tl.load(place, mask=is_pixel, other=0).to(tl.int32)
            painted = (luma * share + tl.load(add + code)) >> 8
            tl.store(place, painted.to(tl.uint8), mask=is_pixel)
            total_keep += share
            total_u += tl.load(add + plane_step + code)
            total_v += tl.load(add + 2 * plane_step + code)
            num_painted += tl.where(share != 256, 1, 0)
    is_painted = is_inside & (num_painted == SHARE_H * SHARE_W)
    place = i * c_row_step + j * c_column_step
    blue = tl.load(u + place, mask=is_painted, other=0).to(tl.int32)
    red = tl.load(v + place, mask=is_painted, other=0).to(tl.int32)
    blue = (blue * total_keep + total_u) // (SHARE_H * SHARE_W) >> 8
    red = (red * total_keep + total_v) // (SHARE_H * SHARE_W) >> 8
    tl.store(u + place, blue.to(tl.uint8), mask=is_painted)
    tl.store(v + place, red.to(tl.uint8), mask=is_painted)
