"""Plots as SVG, written by hand: a page that shows them needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

__all__ = ["Point", "bars", "lines", "stacked"]

_WIDTH = 640
_ROW = 22
_LABEL = 250
_LINES_HEIGHT = 300
_COLOURS = ("#3b6fb6", "#c8553d", "#4f9d69", "#8a5aa8", "#b08d2e")

_STEPS = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10)

Point = tuple[float, float]


def bars(rows: Sequence[tuple[str, float, str]], *, marked: str = "") -> str:
    """Draw a bar for each (name, figure, what to write beside it)."""
    longest = max((figure for _, figure, _ in rows), default=0.0) or 1.0
    room = _WIDTH - _LABEL - 140
    drawn = []
    for number, (name, figure, text) in enumerate(rows):
        y = number * _ROW
        length = max(1.0, room * figure / longest)
        colour = _COLOURS[1 if name == marked else 0]
        drawn.append(
            f'<text x="{_LABEL - 8}" y="{y + 15}" text-anchor="end">{escape(name)}'
            f'</text><rect x="{_LABEL}" y="{y + 4}" width="{length:.1f}" height="14" '
            f'fill="{colour}"/><text x="{_LABEL + length + 6:.1f}" y="{y + 15}">'
            f"{escape(text)}</text>"
        )
    return _svg(len(rows) * _ROW + 4, drawn)


def lines(series: Mapping[str, Sequence[Point]], *, x_title: str, y_title: str) -> str:
    """Draw a line through the points of each series, over axes that begin at zero."""
    points = [point for one in series.values() for point in one]
    x_top = _round_up(max(x for x, _ in points))
    y_top = _round_up(max(y for _, y in points))
    left, top, width, height = 56, 12, _WIDTH - 200, 240

    def place(point: Point) -> Point:
        x, y = point
        return left + x / x_top * width, top + height - y / y_top * height

    drawn = []
    for step in range(5):
        share = step / 4
        y = top + height * (1 - share)
        x = left + width * share
        drawn.append(
            f'<line x1="{left}" y1="{y:.1f}" x2="{left + width}" y2="{y:.1f}" '
            f'stroke="#8886"/><text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f'{y_top * share:g}</text><text x="{x:.1f}" y="{top + height + 16}" '
            f'text-anchor="middle">{x_top * share:g}</text>'
        )
    for number, (name, one) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        placed = [place(point) for point in sorted(one)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        drawn.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" '
            f'stroke-width="2"/>'
        )
        drawn += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
            for x, y in placed
        ]
        drawn.append(
            f'<text x="{left + width + 12}" y="{top + 12 + number * 18}" '
            f'fill="{colour}">{escape(name)}</text>'
        )
    drawn.append(
        f'<text x="{left + width / 2}" y="{top + height + 36}" text-anchor="middle">'
        f'{escape(x_title)}</text><text transform="translate(14 {top + height / 2}) '
        f'rotate(-90)" text-anchor="middle">{escape(y_title)}</text>'
    )
    return _svg(_LINES_HEIGHT, drawn)


def stacked(plots: Sequence[str]) -> str:
    """Put plots of `lines` one below the other, on white: for a page of any colour."""
    inner = [
        f'<g transform="translate(0 {number * _LINES_HEIGHT})">{plot}</g>'
        for number, plot in enumerate(plots)
    ]
    height = len(plots) * _LINES_HEIGHT
    return _svg(height, ['<rect width="100%" height="100%" fill="#fff"/>', *inner])


def _round_up(figure: float) -> float:
    """Take the next figure whose quarters are short, too."""
    if figure <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(figure))
    return next(unit * step for step in _STEPS if unit * step >= figure)


def _svg(height: float, drawn: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" '
        f'width="{_WIDTH}" height="{height:.0f}" font-family="sans-serif" '
        f'font-size="12" fill="currentColor">{"".join(drawn)}</svg>'
    )
