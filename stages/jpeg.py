"""Frames as JPEG."""

from __future__ import annotations

import cv2

from maskstream.pipeline.frame import Frame
from maskstream.stages.displayed_size import displayed_hw
from maskstream.stages.network_input import network_picture

__all__ = ["to_jpeg"]


def to_jpeg(frame: Frame, quality: int) -> bytes:
    """Encode a frame upright and with square pixels; ``quality`` is libjpeg's."""
    form = frame.format
    pixels = network_picture(frame.picture, form.rotation, displayed_hw(form))
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, coded = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return coded.tobytes()
