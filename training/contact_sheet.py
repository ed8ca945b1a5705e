"""Some pictures of a data set on one sheet, their labels blended over them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from maskstream.models.classes import ClassTable
from maskstream.training.datasets import VOID, Labels, Picture

__all__ = ["draw_contact_sheet"]

_COLUMNS = 4
_THUMBNAIL_WIDTH = 320
_MAX_THUMBNAIL_HEIGHT = 640
_GAP = 8
_LINE = 22  # height of a line of words
_TEXT_PX = 15
_ALPHA = 0.55  # of the class colour; void stays black at this opacity
_GROUND, _INK = (24, 26, 30), (235, 235, 235)


def draw_contact_sheet(
    samples: Sequence[tuple[str, Picture, Labels]], classes: ClassTable
) -> Picture:
    """Lay out pictures with their labels, a legend below.

    Args:
        samples: Caption, picture and labels of each.
        classes: Names and colours of the labels.

    Returns:
        (H, W, 3) RGB.
    """
    cells = [_cell(*sample, classes) for sample in samples]
    height = max(cell.shape[0] for cell in cells)
    cells = [_extend(cell, height) for cell in cells]
    cells += [_extend(cells[0][:0], height)] * (-len(cells) % _COLUMNS)
    rows = [np.hstack(cells[n : n + _COLUMNS]) for n in range(0, len(cells), _COLUMNS)]
    sheet = np.vstack([*rows, _legend(classes, rows[0].shape[1])])
    return np.hstack([sheet, _ground(sheet.shape[0], _GAP)])


def _cell(
    caption: str, picture: Picture, labels: Labels, classes: ClassTable
) -> Picture:
    """Draw one picture at thumbnail size with its name below."""
    height = round(_THUMBNAIL_WIDTH * labels.shape[0] / labels.shape[1])
    # A panorama stays a line, a pillar does not fill the sheet.
    height = min(max(height, 1), _MAX_THUMBNAIL_HEIGHT)
    size = (_THUMBNAIL_WIDTH, height)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    # nearest, not an average: labels are names, not quantities
    named = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT)
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(classes)] = classes.colours
    palette[VOID] = 0
    blended = cv2.addWeighted(small, 1 - _ALPHA, palette[named], _ALPHA, 0)
    cell = _ground(height + _LINE + _GAP, _THUMBNAIL_WIDTH + _GAP)
    cell[_GAP : _GAP + height, _GAP:] = blended
    _write(cell, caption, _GAP, _GAP + height + _LINE // 2)
    return cell


def _legend(classes: ClassTable, width: int) -> Picture:
    """Draw a chip and a name for each class and for void."""
    entries = [*zip(classes.names, classes.colours, strict=True), ("void", (0, 0, 0))]
    column = _LINE + 2 * _GAP + max(_text_width(name) for name, _ in entries)
    per_row = max(1, (width - _GAP) // column)
    legend = _ground(math.ceil(len(entries) / per_row) * _LINE + 2 * _GAP, width)
    for n, (name, colour) in enumerate(entries):
        left, top = _GAP + n % per_row * column, _GAP + n // per_row * _LINE
        legend[top + 3 : top + _LINE - 3, left : left + _LINE - 6] = colour
        _write(legend, name, left + _LINE, top + _LINE // 2)
    return legend


def _ground(height: int, width: int) -> Picture:
    return np.full((height, width, 3), _GROUND, np.uint8)


def _extend(cell: Picture, height: int) -> Picture:
    return np.vstack([cell, _ground(height - cell.shape[0], cell.shape[1])])


def _write(canvas: Picture, text: str, left: int, middle: int) -> None:
    place = (left, middle + round(_TEXT_PX * 0.36))  # the baseline
    cv2.putText(canvas, text, place, _INK, _font(), _TEXT_PX, 500)


def _text_width(text: str) -> int:
    unbounded = 1 << 15, 1 << 15
    return int(cv2.getTextSize(unbounded, text, (0, 0), _font(), _TEXT_PX, 500)[2])


def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")  # Rubik, which OpenCV carries in itself
