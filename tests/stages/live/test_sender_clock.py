"""What a camera says of the time, and when it is not to be believed."""

from __future__ import annotations

from fractions import Fraction

import pytest

from maskstream.stages.live.sender_clock import SenderClock

NOON = 1_800_000_000.0


class _Clocks:
    """A camera whose pictures arrive 0.2 s after they were taken."""

    def __init__(self) -> None:
        self.now_s = NOON
        self.sender = SenderClock(Fraction(1, 1000), lambda: self.now_s)

    def captured_at(self, seconds: float) -> float:
        """Let ``seconds`` have passed; say when the picture then was taken."""
        self.now_s = NOON + seconds + 0.2
        return self.sender.captured_at(round(seconds * 1000)) - NOON

    def report(self, seconds: float, wall_s: float) -> None:
        """Let ``seconds`` have passed, and the camera say what time it is."""
        self.now_s = NOON + seconds + 0.2
        self.sender.report(round(seconds * 1000), NOON + wall_s)


def test_pictures_are_dated_by_the_sender() -> None:
    """Before the first report by their arrival, then by its clock, drift and all."""
    clocks = _Clocks()

    before = clocks.captured_at(1)
    clocks.report(2, 2)
    after = clocks.captured_at(3)
    clocks.report(4, 4.1)
    drifted = clocks.captured_at(5)

    assert [before, after, drifted] == pytest.approx([1.2, 3, 5.1])


def test_a_step_away_from_the_arrival_is_not_believed() -> None:
    """GStreamer's server goes back to the start of the connection for a new client."""
    clocks = _Clocks()
    clocks.report(1, 1)

    clocks.report(30, 1)

    assert clocks.captured_at(31) == pytest.approx(31)


def test_a_camera_whose_clock_was_set_is_believed() -> None:
    """A step to the time of arrival."""
    clocks = _Clocks()
    clocks.report(1, -20)

    clocks.report(30, 30)

    assert clocks.captured_at(31) == pytest.approx(31)


def test_a_clock_that_is_set_wrong_is_not_used() -> None:
    """A minute and more away from ours."""
    clocks = _Clocks()

    clocks.report(1, -3600)

    assert clocks.captured_at(2) == pytest.approx(2.2)
