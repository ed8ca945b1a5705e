"""Pictures that NVDEC has left on the device, and how they come to the host.

Their planes cannot be read here. Whoever needs samples brings a copy of the picture to
the host, on its own thread; most need none.
"""

from __future__ import annotations

import av
from av.video.format import VideoFormat

__all__ = ["is_on_device", "on_host", "pixel_format"]


def is_on_device(picture: av.VideoFrame) -> bool:
    """Whether the planes of ``picture`` lie in the memory of a CUDA device."""
    return picture.format.name == "cuda"


def pixel_format(picture: av.VideoFrame) -> VideoFormat:
    """Tell what the planes hold, wherever they lie."""
    return picture.sw_format or picture.format


def on_host(picture: av.VideoFrame) -> av.VideoFrame:
    """Return ``picture``, or a copy from the device with all that goes with it."""
    if not is_on_device(picture):
        return picture
    return picture.reformat(format=pixel_format(picture).name)
