"""The network's input in Triton: read, resized, converted and set upright in one pass.

For the arithmetic see `fill_input_torch`, its twin.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from maskstream.models.kernels.colour import ColourSpec
from maskstream.models.kernels.network_input import Planes
from maskstream.models.kernels.taps import resize_taps

__all__ = ["fill_input_triton"]

_ROWS, _COLUMNS = 4, 64  # of a block


def fill_input_triton(
    planes: Planes,
    out: Tensor,
    *,
    colour: ColourSpec,
    rotation: int,
    mean: tuple[float, float, float],
) -> None:
    """Do what `fill_input` does, in one kernel."""
    height, width = out.shape[1:] if rotation % 180 == 0 else out.shape[:0:-1]
    y, u, v = planes
    assert u.stride() == v.stride(), "chroma planes that lie differently"
    grid = triton.cdiv(height, _ROWS), triton.cdiv(width, _COLUMNS)
    _fill[grid](
        out,
        *_turned_strides(out, rotation),
        height,
        width,
        y,
        *y.stride(),
        *_taps(y, height, width),
        u,
        v,
        *u.stride(),
        *_taps(u, height, width),
        _coefficients(colour, mean, y.device),
        ROWS=_ROWS,
        COLUMNS=_COLUMNS,
    )


def _taps(plane: Tensor, height: int, width: int) -> list[Any]:
    """Return the first samples, the weights and the number of taps, down and across."""
    arguments: list[Any] = []
    for num_samples, num_resized in zip(plane.shape, (height, width), strict=True):
        taps = resize_taps(num_samples, num_resized, plane.device)
        arguments += (taps.first, taps.weights, taps.weights.shape[1])
    return arguments


def _turned_strides(out: Tensor, rotation: int) -> tuple[int, int, int, int]:
    """Find where a picture as stored goes in (3, h, w), which is upright.

    Returns:
        The place of the first pixel; the steps to the next channel, row and column.
    """
    channel, row, column = out.stride()
    last_row, last_column = (out.shape[1] - 1) * row, (out.shape[2] - 1) * column
    if rotation == 90:
        return last_row, channel, column, -row
    if rotation == 180:
        return last_row + last_column, channel, -row, -column
    if rotation == 270:
        return last_column, channel, -column, row
    return 0, channel, row, column


@lru_cache(maxsize=64)
def _coefficients(
    colour: ColourSpec, mean: tuple[float, float, float], device: torch.device
) -> Tensor:
    """Return (3, 5): for each colour what Y, U, V and 1 count, and its mean."""
    rows = zip(colour.rgb_from_codes(), mean, strict=True)
    return torch.tensor([(*factors, minus) for factors, minus in rows]).to(device)


@triton.jit  # type: ignore[untyped-decorator]
def _resized(  # type: ignore[no-untyped-def]
    plane, row_step, column_step, tops, downs, num_down, lefts, acrosses, num_across,
    i, j, is_inside, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Resize a block of a plane; `i` (ROWS, 1) and `j` (1, COLUMNS) are its pixels."""
    top = tl.load(tops + i)
    left = tl.load(lefts + j)
    total = tl.full((ROWS, COLUMNS), 0.0, tl.float32)
    for a in range(num_down):
        line = tl.full((ROWS, COLUMNS), 0.0, tl.float32)
        for b in range(num_across):
            codes = tl.load(
                plane + (top + a) * row_step + (left + b) * column_step,
                mask=is_inside,
                other=0,
            )
            line += tl.load(acrosses + j * num_across + b) * codes.to(tl.float32)
        total += tl.load(downs + i * num_down + a) * line
    return total


@triton.jit  # type: ignore[untyped-decorator]
def _fill(  # type: ignore[no-untyped-def]
    out, start, channel_step, row_step, column_step, height, width,
    y, y_row_step, y_column_step,
    y_tops, y_downs, y_num_down, y_lefts, y_acrosses, y_num_across,
    u, v, c_row_step, c_column_step,
    c_tops, c_downs, c_num_down, c_lefts, c_acrosses, c_num_across,
    coefficients, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Write a block of rows and columns, counted as the picture is stored."""
    i = tl.program_id(0) * ROWS + tl.arange(0, ROWS)[:, None]
    j = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
    is_inside = (i < height) & (j < width)
    place = out + start + i * row_step + j * column_step
    i = tl.minimum(i, height - 1)  # so that its taps exist
    j = tl.minimum(j, width - 1)
    luma = _resized(
        y, y_row_step, y_column_step, y_tops, y_downs, y_num_down,
        y_lefts, y_acrosses, y_num_across, i, j, is_inside, ROWS, COLUMNS,
    )  # fmt: skip
    blue = _resized(
        u, c_row_step, c_column_step, c_tops, c_downs, c_num_down,
        c_lefts, c_acrosses, c_num_across, i, j, is_inside, ROWS, COLUMNS,
    )  # fmt: skip
    red = _resized(
        v, c_row_step, c_column_step, c_tops, c_downs, c_num_down,
        c_lefts, c_acrosses, c_num_across, i, j, is_inside, ROWS, COLUMNS,
    )  # fmt: skip
    for channel in tl.static_range(3):
        row = coefficients + 5 * channel
        exact = tl.load(row) * luma + tl.load(row + 1) * blue + tl.load(row + 2) * red
        code = tl.floor(exact + tl.load(row + 3) + 0.5)
        code = tl.minimum(tl.maximum(code, 0.0), 255.0)
        value = (code - tl.load(row + 4)).to(out.dtype.element_ty)
        tl.store(place + channel * channel_step, value, mask=is_inside)
