"""The times that viewers get."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.frame import Frame, StreamFormat
from maskstream.stages.publishing.output_times import OutputTimes
from maskstream.stages.publishing.wire import TICKS_PER_S

FRAME = Frame(
    "cam", 0, None, StreamFormat(64, 96, Fraction(1, 1000)), 5000, 40, decoded_at=0.0
)


def frame_at(ms: int) -> Frame:
    """Return a frame that the camera took at ``ms``."""
    return replace(FRAME, pts=ms)


def test_frames_keep_the_distances_that_the_camera_gave_them() -> None:
    """Whenever they arrive, and from zero on."""
    clock = ManualClock()
    times = OutputTimes(clock)

    given = []
    for ms, passed_s in ((5000, 0.3), (5040, 0.0), (5080, 0.9), (5133, 0.01)):
        given.append(times.of_frame(frame_at(ms)))
        clock.advance(passed_s)

    steps = [later - given[0] for later in given]
    assert steps == [0, 3600, 7200, round(0.133 * TICKS_PER_S)]


def test_a_gap_lasts_as_long_as_it_did() -> None:
    """A camera that counts from zero after it was away goes on where time has come."""
    clock = ManualClock()
    times = OutputTimes(clock)
    first = times.of_frame(frame_at(5000))
    clock.advance(20.0)

    second = times.of_frame(frame_at(0))
    clock.advance(0.5)
    third = times.of_frame(frame_at(40))

    assert second - first == 20 * TICKS_PER_S
    assert third - second == 3600


def test_pictures_of_ours_go_by_the_clock_on_the_wall() -> None:
    """And so does the first frame after them."""
    clock = ManualClock()
    times = OutputTimes(clock)
    given = [times.of_frame(frame_at(5000))]
    for _ in range(2):
        clock.advance(1.5)
        given.append(times.of_stub())
    clock.advance(0.25)
    given.append(times.of_frame(frame_at(8200)))

    assert [later - given[0] for later in given] == [0, 135_000, 270_000, 292_500]


def test_times_always_rise() -> None:
    """By a millisecond at least, which is what FLV can tell apart."""
    clock = ManualClock()
    times = OutputTimes(clock)

    given = [times.of_frame(frame_at(ms)) for ms in (5000, 5000, 4990, 5000)]

    assert [b - a for a, b in itertools.pairwise(given)] == [90, 90, 720]
