"""The picture of an event."""

from __future__ import annotations

from pathlib import Path

import cv2

from maskstream.pipeline.frame import Frame
from maskstream.stages.network_input import network_picture
from maskstream.stages.output import partial_name

__all__ = ["save_snapshot"]

_QUALITY = 85


def save_snapshot(path: Path, frame: Frame) -> None:
    """Write a frame as JPEG, upright; the file appears whole or not at all."""
    form = frame.format
    upright = (form.height, form.width)
    if form.rotation % 180:
        upright = upright[::-1]
    pixels = network_picture(frame.picture, form.rotation, upright)
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, coded = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))
    partial = partial_name(path)
    try:
        partial.write_bytes(coded.tobytes())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
