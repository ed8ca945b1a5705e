"""The planes of a frame, for engines that make the network's input on their device."""

from __future__ import annotations

import av
import numpy as np
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from maskstream.models.engines.base import YuvPicture
from maskstream.stages.colour import matrix_and_range
from maskstream.stages.device_picture import is_on_device

__all__ = ["yuv_picture"]

_PLANAR = {f"yuv{letter}{sub}p" for letter in ("", "j") for sub in (420, 422, 444)}


def yuv_picture(
    picture: av.VideoFrame, rotation: int, size_hw: tuple[int, int]
) -> YuvPicture | None:
    """View the planes of a picture of 8 bits, without copying them.

    Args:
        picture: as decoded, on the host or on the device; not to be let go while the
            result is in use.
        rotation: 0, 90, 180 or 270 degrees counter-clockwise.
        size_hw: height and width of the network's input, upright.

    Returns:
        None for formats that only the CPU's way knows (`network_picture`).
    """
    if is_on_device(picture):
        colour = matrix_and_range(picture)
        return YuvPicture(picture.planes, colour, rotation, size_hw)
    name = picture.format.name
    if name != "nv12" and name not in _PLANAR:
        return None
    half = picture.format.chroma_width(picture.width)
    y, *chroma = picture.planes
    planes: tuple[NDArray[np.uint8], ...]
    if name == "nv12":
        pairs = _bytes(chroma[0], 2 * half)
        planes = _bytes(y, picture.width), pairs.reshape(len(pairs), half, 2)
    else:
        planes = _bytes(y, picture.width), *(_bytes(one, half) for one in chroma)
    return YuvPicture(planes, matrix_and_range(picture), rotation, size_hw)


def _bytes(plane: VideoPlane, width: int) -> NDArray[np.uint8]:
    """(H, width) view of a plane, without the padding at the end of its rows."""
    rows = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload]  # is a buffer
    return rows.reshape(plane.height, plane.line_size)[:, :width]  # type: ignore[no-any-return]
