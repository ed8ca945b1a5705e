"""How large a picture is when it is shown: upright, with square pixels."""

from __future__ import annotations

from maskstream.pipeline.frame import StreamFormat

__all__ = ["displayed_hw", "nearest_even"]


def displayed_hw(form: StreamFormat, longest: int | None = None) -> tuple[int, int]:
    """Say how large the pictures are when shown, in even numbers.

    Neither side is longer than ``longest``, where that is given.
    """
    height, width = float(form.height), form.width * float(form.sample_aspect_ratio)
    if form.rotation % 180:
        height, width = width, height
    scale = 1.0 if longest is None else min(1.0, longest / max(height, width))
    return nearest_even(height * scale), nearest_even(width * scale)


def nearest_even(length: float) -> int:
    """Round to an even number of pixels, as 4:2:0 wants them."""
    return max(2, round(length / 2) * 2)
