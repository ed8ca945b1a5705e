from __future__ import annotations

from dataclasses import FrozenInstanceError
from fractions import Fraction

import pytest

from maskstream.pipeline.frame import Frame, StreamFormat


def make_frame(pts: int, time_base: Fraction) -> Frame:
    """Return a frame without a picture."""
    return Frame(
        stream="cam",
        index=0,
        picture=None,
        format=StreamFormat(height=2, width=4, time_base=time_base),
        pts=pts,
        duration=0,
        decoded_at=0.0,
    )


@pytest.mark.parametrize(
    ("pts", "time_base", "seconds"),
    [
        (0, Fraction(1, 90_000), 0.0),
        (-3003, Fraction(1, 90_000), -3003 / 90_000),
        (30, Fraction(1001, 30_000), 1.001),
        (1 << 40, Fraction(1, 90_000), (1 << 40) / 90_000),
    ],
)
def test_time_is_pts_and_time_base(
    pts: int, time_base: Fraction, seconds: float
) -> None:
    """Exact until the last step, before zero as after; the index plays no part."""
    assert make_frame(pts, time_base).pts_seconds == seconds


def test_a_frame_cannot_be_changed() -> None:
    """Several sinks read it at once."""
    frame = make_frame(0, Fraction(1, 25))

    with pytest.raises(FrozenInstanceError):
        frame.pts = 1  # type: ignore[misc]


def test_formats_are_told_apart_by_identity() -> None:
    """Another object means that something may have changed, alike or not."""
    formats = [StreamFormat(2, 4, Fraction(1, 25)) for _ in range(2)]

    assert formats[0] != formats[1]
