"""Class colours blended into Y, U and V, on the device.

Integers only: the samples become what `maskstream.stages.overlay` makes of them, which
also says what codes and tables are.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from maskstream.models.kernels.choice import runs_triton
from maskstream.models.kernels.network_input import Planes

__all__ = ["BORDER", "ONE", "blend_on_device", "blend_torch"]

BORDER = 256
"""Added to the class of a pixel on the border of its class."""
ONE = 256
"""A share of 1, and what the tables hold for codes that are not painted."""


def blend_on_device(
    planes: Planes, labels: Tensor, keep: Tensor, add: Tensor, contour_px: int
) -> None:
    """Paint planes of 8 bits in place, on the current stream.

    Args:
        planes: chroma as large as luma, or half as large, each way.
        labels: (H, W) uint8, contiguous, of the picture as stored.
        keep: (513,) int32 by code.
        add: (3, 513) int32 by plane and code, contiguous, a half for rounding included.
        contour_px: width of a contour on each side of a border; 0 for none.
    """
    blend: Callable[..., None] = blend_torch
    if runs_triton(labels):
        from maskstream.models.kernels.overlay_triton import blend_triton

        blend = blend_triton
    blend(planes, labels, keep, add, contour_px)


def blend_torch(
    planes: Planes, labels: Tensor, keep: Tensor, add: Tensor, contour_px: int
) -> None:
    """Do what `blend_on_device` does, in plain torch."""
    luma, *chroma = planes
    codes = _codes(labels, contour_px)
    luma.copy_((luma * keep[codes] + add[0, codes]) >> 8)

    # The last of an odd side stands for both: means of equals are the same.
    shares = [
        1 if size == whole else 2
        for size, whole in zip(chroma[0].shape, labels.shape, strict=True)
    ]
    for side, share in enumerate(shares):
        places = torch.arange(share * chroma[0].shape[side], device=codes.device)
        codes = codes.index_select(side, places.clamp(max=codes.shape[side] - 1))
    height, width = chroma[0].shape
    blocks = codes.reshape(height, shares[0], width, shares[1])
    blocks = blocks.movedim(1, 2).flatten(2)  # (h, w, pixels of a sample)
    is_covered = (keep[blocks] != ONE).all(2)
    for plane, table in zip(chroma, add[1:], strict=True):
        total = plane * keep[blocks].sum(2) + table[blocks].sum(2)
        painted = total // blocks.shape[2] >> 8
        plane.copy_(torch.where(is_covered, painted, plane))


def _codes(labels: Tensor, contour_px: int) -> Tensor:
    """Return (H, W) codes; beyond an edge all is as the edge."""
    codes = labels.long()
    if contour_px == 0:
        return codes
    is_border = torch.zeros_like(labels, dtype=torch.bool)
    for side in range(2):
        places = torch.arange(labels.shape[side], device=labels.device)
        for step in (-contour_px, contour_px):
            neighbours = (places + step).clamp(0, labels.shape[side] - 1)
            is_border |= labels != labels.index_select(side, neighbours)
    return codes + BORDER * is_border
