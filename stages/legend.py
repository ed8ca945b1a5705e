"""Small panels with words for the annotated video: the legend and the status line.

They are drawn upright, as white text on a dark ground that lets the scene through, in
OpenCV's own TrueType font, at a size that follows the picture's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["PanelImage", "draw_legend", "draw_status"]

PanelImage = NDArray[np.uint8]
"""(h, w, 4) red, green, blue and opacity; h and w are multiples of 4, as no chroma
sample stands for more rows or columns."""

_GROUND = (16, 18, 22)
_GROUND_OPACITY = 150
_WEIGHT = 500  # between regular and semibold: thin strokes drown in a scene
_MIN_TEXT_PX = 10  # below, letters run together
_MAX_HEIGHT, _MAX_WIDTH = 0.36, 0.5  # of the picture, for the legend


def draw_legend(
    names: Sequence[str],
    colours: Sequence[tuple[int, int, int]],
    height: int,
    width: int,
) -> PanelImage | None:
    """Draw a chip and a name for each class, in the fewest columns that fit.

    Args:
        names: In the order to show, column by column.
        colours: Red, green and blue of each.
        height: Rows of the upright picture.
        width: Columns of it.

    Returns:
        None where there is nothing to show, or it would hide too much of the picture.
    """
    text_px = _text_height(height, width)
    chip, gap, pitch = (round(text_px * share) for share in (0.85, 0.55, 1.5))
    canvas = _Canvas(text_px)
    column = chip + 2 * gap + max(map(canvas.text_width, names), default=0)
    for num_columns in range(1, len(names) + 1):
        num_rows = math.ceil(len(names) / num_columns)
        h, w = num_rows * pitch + gap, num_columns * column + gap
        if h <= height * _MAX_HEIGHT and w <= width * _MAX_WIDTH:
            break
    else:
        return None
    canvas.clear(h, w)
    places = product(range(num_columns), range(num_rows))
    for name, colour, (i, j) in zip(names, colours, places, strict=False):
        left, middle = gap + i * column, gap // 2 + j * pitch + pitch // 2
        canvas.draw_chip(colour, chip, left, middle)
        canvas.write(name, left + chip + gap // 2, middle)
    return canvas.image()


def draw_status(media_time: str, speed: str, height: int, width: int) -> PanelImage:
    """Draw one line: the media time, and the speed at a fixed place after it.

    Args:
        media_time: Such as ``00:01:02.345``.
        speed: Such as ``25.0 fps``; may be empty.
        height: Rows of the upright picture.
        width: Columns of it.
    """
    text_px = _text_height(height, width)
    canvas = _Canvas(text_px)
    gap = round(text_px * 0.55)
    time_width = canvas.text_width(media_time)
    speed_width = max(map(canvas.text_width, ("000.0 fps", speed)))
    h = round(text_px * 1.7)
    canvas.clear(h, gap + time_width + 2 * gap + speed_width + gap)
    canvas.write(media_time, gap, h // 2)
    canvas.write(speed, gap + time_width + 2 * gap, h // 2)
    return canvas.image()


def _text_height(height: int, width: int) -> int:
    return max(_MIN_TEXT_PX, round(min(height, width) * 0.026))


class _Canvas:
    """Chips and white text on a dark ground."""

    def __init__(self, text_px: int) -> None:
        self._text_px = text_px
        self._font = cv2.FontFace("sans")  # Rubik, which OpenCV carries in itself
        self.clear(0, 0)

    def clear(self, height: int, width: int) -> None:
        """Begin with an empty ground of this size, or a little larger."""
        shape = (math.ceil(height / 4) * 4, math.ceil(width / 4) * 4)
        self._rgb = np.full((*shape, 3), _GROUND, np.uint8)
        self._opacity = np.full(shape, _GROUND_OPACITY, np.uint8)
        self._ink = np.zeros(shape, np.uint8)

    def text_width(self, text: str) -> int:
        """Measure a text, in pixels."""
        box = cv2.getTextSize(
            (1 << 15, 1 << 15), text, (0, 0), self._font, self._text_px, _WEIGHT
        )
        return int(box[2])

    def write(self, text: str, left: int, middle: int) -> None:
        """Write a line from ``left``, centred on row ``middle``."""
        baseline = middle + round(self._text_px * 0.36)
        place = (left, baseline)
        cv2.putText(self._ink, text, place, (255,), self._font, self._text_px, _WEIGHT)

    def draw_chip(
        self, colour: tuple[int, int, int], side: int, left: int, middle: int
    ) -> None:
        """Draw a square of a colour, centred on row ``middle``."""
        top = middle - side // 2
        self._rgb[top : top + side, left : left + side] = colour
        self._opacity[top : top + side, left : left + side] = 255

    def image(self) -> PanelImage:
        """Lay the text over the rest."""
        ink = self._ink[..., None] / np.float32(255)
        rgb = self._rgb + (255 - self._rgb) * ink
        opacity = np.maximum(self._opacity, self._ink)[..., None]
        return np.concatenate((rgb.astype(np.uint8), opacity), axis=-1)
