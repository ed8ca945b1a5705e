"""The picture that viewers see while a camera is away."""

from __future__ import annotations

from datetime import datetime

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

__all__ = ["black_picture", "no_signal_picture"]

_DIM = 0.3  # of the last picture: enough to know it by, and nobody takes it for live
_BLACK, _GREY, _WHITE = 16, 128, 235  # limited range


def black_picture(size_hw: tuple[int, int]) -> av.VideoFrame:
    """Make a black picture, for a camera that has never been there."""
    height, width = size_hw
    planes = np.full((height * 3 // 2, width), _GREY, np.uint8)
    planes[:height] = _BLACK
    picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    picture.color_range = ColorRange.MPEG
    return picture


def no_signal_picture(last: av.VideoFrame, stream: str, since: float) -> av.VideoFrame:
    """Dim a 4:2:0 picture and write over it that there is no other.

    Args:
        last: In limited range, as `Fitter` makes them; it is only read.
        stream: The stream's id.
        since: When it was lost, in seconds since 1970.
    """
    planes = last.to_ndarray().astype(np.float32)  # (H * 3 / 2, W)
    luma, chroma = planes[: last.height], planes[last.height :]
    luma[:] = _BLACK + (luma - _BLACK) * _DIM
    chroma[:] = _GREY + (chroma - _GREY) * _DIM
    drawn = np.rint(planes).clip(0, 255).astype(np.uint8)
    when = datetime.fromtimestamp(since).astimezone()
    lines = ("no signal", stream, f"since {when:%Y-%m-%d %H:%M:%S %Z}")
    _write(drawn[: last.height], lines)
    picture = av.VideoFrame.from_ndarray(drawn, format="yuv420p")
    picture.colorspace, picture.color_range = last.colorspace, last.color_range
    return picture


def _write(luma: NDArray[np.uint8], lines: tuple[str, ...]) -> None:
    """Write lines in the middle, the first one large."""
    height, width = luma.shape
    middle = height // 2
    for line, share, offset in zip(
        lines, (0.1, 0.05, 0.05), (-0.04, 0.05, 0.13), strict=True
    ):
        text_px = max(8, round(min(height, width) * share))
        while (length := _text_width(line, text_px)) > width * 0.95:  # a long id
            if text_px > 8:
                text_px -= 1
            else:
                line = line[:-1]
        place = max(0, (width - length) // 2), middle + round(height * offset)
        cv2.putText(luma, line, place, (_WHITE,), cv2.FontFace("sans"), text_px, 500)


def _text_width(text: str, text_px: int) -> int:
    unbounded = 1 << 15, 1 << 15
    font = cv2.FontFace("sans")
    return int(cv2.getTextSize(unbounded, text, (0, 0), font, text_px, 500)[2])
