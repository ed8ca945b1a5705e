"""Small panels with words for the annotated video: the legend and the status line.

They are drawn upright, as white text on a dark ground that lets the scene through, in
OpenCV's own TrueType font, at a size that follows the picture's, and in the codes of
its planes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from maskstream.stages.planes import PlaneLayout

__all__ = ["PanelImage", "draw_legend", "draw_status"]

PanelImage = NDArray[np.float32]
"""(4, h, w) codes for three planes, and an opacity from 0 to 1; h and w are multiples
of 4, as no chroma sample stands for more rows or columns."""

_GROUND, _INK = (16, 18, 22), (255, 255, 255)
_GROUND_OPACITY = 150  # of 255
_WEIGHT = 500  # between regular and semibold: thin strokes drown in a scene
_MIN_TEXT_PX = 10  # below, letters run together
_MAX_HEIGHT, _MAX_WIDTH = 0.3, 0.6  # of the picture, for the legend


def draw_legend(
    names: Sequence[str],
    colours: Sequence[tuple[int, int, int]],
    size_hw: tuple[int, int],
    layout: PlaneLayout,
) -> PanelImage | None:
    """Draw a chip and a name for each class, in the fewest columns that fit.

    Args:
        names: In the order to show, column by column.
        colours: Red, green and blue of each.
        size_hw: The upright picture's.
        layout: Of its planes.

    Returns:
        None where there is nothing to show, or it would hide too much of the picture.
    """
    height, width = size_hw
    text_px = _text_height(size_hw)
    chip, gap, pitch = (round(text_px * share) for share in (0.85, 0.55, 1.5))
    longest = max((_text_width(name, text_px) for name in names), default=0)
    column = chip + 3 * gap + longest
    for num_columns in range(1, len(names) + 1):
        num_rows = math.ceil(len(names) / num_columns)
        h, w = num_rows * pitch + gap, num_columns * column + gap
        if h <= height * _MAX_HEIGHT and w <= width * _MAX_WIDTH:
            break
    else:
        return None
    canvas = _Canvas(h, w, text_px, layout)
    places = product(range(num_columns), range(num_rows))
    for name, colour, (i, j) in zip(names, colours, places, strict=False):
        left, middle = gap + i * column, gap // 2 + j * pitch + pitch // 2
        canvas.draw_chip(colour, chip, left, middle)
        canvas.write(name, left + chip + round(gap * 0.7), middle)
    return canvas.image()


def draw_status(
    media_time: str, speed: str, size_hw: tuple[int, int], layout: PlaneLayout
) -> PanelImage:
    """Draw one line: the media time, and the speed at a fixed place after it.

    Args:
        media_time: Such as ``00:01:02.345``.
        speed: Such as ``25.0 fps``; may be empty.
        size_hw: The upright picture's.
        layout: Of its planes.
    """
    text_px = _text_height(size_hw)
    gap = round(text_px * 0.55)
    time_width = _text_width(media_time, text_px)
    speed_width = max(_text_width(text, text_px) for text in ("000.0 fps", speed))
    h, w = round(text_px * 1.7), time_width + speed_width + 4 * gap
    canvas = _Canvas(h, w, text_px, layout)
    canvas.write(media_time, gap, h // 2)
    canvas.write(speed, time_width + 3 * gap, h // 2)
    return canvas.image()


def _text_height(size_hw: tuple[int, int]) -> int:
    return max(_MIN_TEXT_PX, round(min(size_hw) * 0.025))


def _text_width(text: str, text_px: int) -> int:
    unbounded = 1 << 15, 1 << 15
    return int(cv2.getTextSize(unbounded, text, (0, 0), _font(), text_px, _WEIGHT)[2])


def _font() -> cv2.FontFace:
    # One for each use: a font remembers the weight that it was last used with.
    return cv2.FontFace("sans")  # Rubik, which OpenCV carries in itself


@lru_cache(maxsize=512)
def _codes(colour: tuple[int, int, int], layout: PlaneLayout) -> NDArray[np.float32]:
    """Return the codes of a colour, (3, 1, 1)."""
    codes = layout.codes(np.array(colour, np.uint8))
    return codes.astype(np.float32).reshape(3, 1, 1)


class _Canvas:
    """Chips and white text on a dark ground."""

    def __init__(
        self, height: int, width: int, text_px: int, layout: PlaneLayout
    ) -> None:
        """Begin with an empty ground of this size, or a little larger."""
        self._text_px = text_px
        self._layout = layout
        shape = (math.ceil(height / 4) * 4, math.ceil(width / 4) * 4)
        self._codes = np.empty((3, *shape), np.float32)
        self._codes[:] = _codes(_GROUND, layout)
        self._opacity = np.full(shape, _GROUND_OPACITY, np.uint8)
        self._text = np.zeros(shape, np.uint8)

    def write(self, text: str, left: int, middle: int) -> None:
        """Write a line from ``left``, centred on row ``middle``."""
        baseline = middle + round(self._text_px * 0.36)
        place = (left, baseline)
        cv2.putText(self._text, text, place, (255,), _font(), self._text_px, _WEIGHT)

    def draw_chip(
        self, colour: tuple[int, int, int], side: int, left: int, middle: int
    ) -> None:
        """Draw a square of a colour, centred on row ``middle``."""
        top = middle - side // 2
        place = slice(top, top + side), slice(left, left + side)
        self._codes[:, *place] = _codes(colour, self._layout)
        self._opacity[place] = 255

    def image(self) -> PanelImage:
        """Lay the text over the rest."""
        ink = self._text / np.float32(255)
        codes = self._codes + (_codes(_INK, self._layout) - self._codes) * ink
        opacity = np.maximum(self._opacity, self._text) / np.float32(255)
        return np.concatenate((codes, opacity[None]))
