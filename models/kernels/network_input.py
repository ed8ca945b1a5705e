"""From the planes of a picture to the network's input, in one step on the device.

The arithmetic is that of `maskstream.stages.network_input`, which lets swscale do it on
the CPU: resize each plane by area, convert by the picture's own matrix and range, round
to 8 bits, set upright. Here the network's mean is subtracted too.
"""

from __future__ import annotations

import torch
from torch import Tensor

from maskstream.models.kernels.choice import runs_triton
from maskstream.models.kernels.colour import ColourSpec
from maskstream.models.kernels.taps import resize_taps

__all__ = ["Planes", "fill_input", "fill_input_torch"]

Planes = tuple[Tensor, Tensor, Tensor]
"""Y (H, W), U and V (H, W) or smaller: uint8 codes, in memory as they like."""


def fill_input(
    planes: Planes,
    out: Tensor,
    *,
    colour: ColourSpec,
    rotation: int,
    mean: tuple[float, float, float],
) -> None:
    """Write one picture of the network's input, on the current stream.

    Nearly every code is what swscale makes it, some are one beside; and so it is with
    the Triton kernel and its twin, where a sum ends half way between two codes.

    Args:
        planes: of the picture as stored.
        out: (3, h, w) of any float type, upright; a part of the batch, channels last.
        colour: the matrix and range of the planes.
        rotation: 0, 90, 180 or 270 degrees counter-clockwise.
        mean: red, green and blue, to be subtracted.
    """
    if runs_triton(out):
        from maskstream.models.kernels.network_input_triton import fill_input_triton

        fill = fill_input_triton
    else:
        fill = fill_input_torch
    fill(planes, out, colour=colour, rotation=rotation, mean=mean)


def fill_input_torch(
    planes: Planes,
    out: Tensor,
    *,
    colour: ColourSpec,
    rotation: int,
    mean: tuple[float, float, float],
) -> None:
    """Do what `fill_input` does, in plain torch."""
    height, width = out.shape[1:] if rotation % 180 == 0 else out.shape[:0:-1]
    y, u, v = (_resized(plane, height, width) for plane in planes)  # (h, w) each
    for channel, (of_y, of_u, of_v, added) in enumerate(colour.rgb_from_codes()):
        exact = of_y * y + of_u * u + of_v * v + added
        codes = (exact + 0.5).floor_().clamp_(0, 255)
        upright = torch.rot90(codes, rotation // 90)
        out[channel] = upright - mean[channel]


def _resized(plane: Tensor, height: int, width: int) -> Tensor:
    """Resize (H, W) codes to (height, width) floats."""
    down = resize_taps(plane.shape[0], height, plane.device).matrix(plane.shape[0])
    across = resize_taps(plane.shape[1], width, plane.device).matrix(plane.shape[1])
    return down @ plane.float() @ across.T
