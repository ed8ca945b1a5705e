"""Pictures full of noise in any pixel format, and what tests read from them."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from maskstream.pipeline.frame import Frame, Labels, Segmentation, StreamFormat
from maskstream.stages.planes import plane_samples

__all__ = ["make_noise", "make_segmentation", "read_planes"]


def make_noise(
    rng: np.random.Generator, pix_fmt: str, size_hw: tuple[int, int]
) -> av.VideoFrame:
    """Fill every plane with codes of the format's depth, packed ones with any bytes."""
    height, width = size_hw
    picture = av.VideoFrame(width, height, pix_fmt)
    depth = picture.format.components[0].bits
    for plane in picture.planes:
        if depth > 8 and pix_fmt.startswith(("yuv", "gbr", "gray")):
            codes = rng.integers(0, 1 << depth, plane.buffer_size // 2, np.uint16)
        else:
            codes = rng.integers(0, 256, plane.buffer_size, np.uint8)
        plane.update(codes.tobytes())
    return picture


def make_segmentation(
    picture: av.VideoFrame, labels: Labels, *, rotation: int = 0, pts: int = 0
) -> Segmentation:
    """Put labels on a picture, at ``pts`` thousandths of a second."""
    form = StreamFormat(
        picture.height, picture.width, Fraction(1, 1000), rotation=rotation
    )
    frame = Frame("cam", 0, picture, form, pts=pts, duration=0, decoded_at=0.0)
    return Segmentation(frame, labels)


def read_planes(picture: av.VideoFrame) -> list[NDArray[np.float64]]:
    """Copy the first three planes of a planar picture, without the padding."""
    return [
        samples[:, : plane.width].astype(np.float64)
        for samples, plane in zip(plane_samples(picture), picture.planes, strict=False)
    ]
