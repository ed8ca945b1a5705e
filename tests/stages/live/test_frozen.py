"""A picture that stands still."""

from __future__ import annotations

import av
import numpy as np

from maskstream.stages.live.frozen import Freeze


def picture(level: int) -> av.VideoFrame:
    """One grey, all over."""
    grey = np.full((48, 66, 3), level, np.uint8)
    return av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format="yuv420p")


def findings(freeze: Freeze, levels: list[int]) -> list[int]:
    """The seconds at which something was found, of one picture a second."""
    return [
        second
        for second, level in enumerate(levels)
        if freeze.has_set_in(picture(level), second)
    ]


def test_a_picture_that_stands_still_is_found_ever_less_often() -> None:
    """It may be a still scene: each finding doubles the time to the next."""
    assert findings(Freeze(3.0), [100] * 25) == [3, 9, 21]


def test_a_picture_that_lives_is_not() -> None:
    """One grey level of difference is life, and makes the watch as keen as before."""
    freeze = Freeze(3.0)

    assert findings(freeze, [100, 100, 100, 101] * 5) == []
    assert not freeze.is_frozen


def test_a_freeze_is_over_when_the_picture_changes() -> None:
    """Not with a new connection that shows the same."""
    freeze = Freeze(2.0)
    findings(freeze, [100] * 4)

    assert freeze.is_frozen
    freeze.begin(10.0)
    freeze.has_set_in(picture(100), 10.0)
    assert freeze.is_frozen
    freeze.has_set_in(picture(120), 11.0)
    assert not freeze.is_frozen


def test_nobody_looks_without_a_limit() -> None:
    """For scenes that stand still."""
    assert findings(Freeze(None), [100] * 9) == []
