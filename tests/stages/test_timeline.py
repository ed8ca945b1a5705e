"""Times that rise, whatever comes in."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from maskstream.stages.timeline import Timeline

MILLISECONDS = Fraction(1, 1000)


def place(times: list[int | None], duration: int = 0) -> list[tuple[int, str | None]]:
    """Place times, one after the other."""
    timeline = Timeline(MILLISECONDS)
    return [timeline.place(time, None, duration) for time in times]


def test_times_that_rise_are_not_touched() -> None:
    """However unevenly."""
    assert place([-40, 0, 1, 500]) == [(-40, None), (0, None), (1, None), (500, None)]


def test_a_missing_time_follows_the_one_before() -> None:
    """By the duration, or else by the last step."""
    assert place([0, None, 80], duration=40)[1] == (40, "estimated_pts")
    assert place([0, 30, None])[2] == (60, "estimated_pts")
    assert place([None, 5])[0] == (0, "estimated_pts")


def test_the_second_best_time_is_used_where_the_best_is_missing() -> None:
    """The dts of a picture is better than a guess."""
    timeline = Timeline(MILLISECONDS)

    assert timeline.place(None, 120, 40) == (120, "estimated_pts")


def test_a_time_that_goes_back_a_little_is_moved_just_behind() -> None:
    """The times after it are exact again."""
    assert place([0, 40, 40, 80]) == [
        (0, None),
        (40, None),
        (41, "non_increasing_pts"),
        (80, None),
    ]


def test_a_stream_that_begins_anew_goes_on() -> None:
    """Its own steps are kept from there on."""
    assert place([0, 5000, 0, 30, 70], duration=40) == [
        (0, None),
        (5000, None),
        (5040, "pts_discontinuities"),
        (5070, None),
        (5110, None),
    ]


def test_a_timeline_that_is_not_strict_lets_times_be_equal() -> None:
    """Two lines of subtitles may begin together."""
    timeline = Timeline(MILLISECONDS, is_strict=False)

    placed = [timeline.place(time, None, 0) for time in (0, 40, 40)]

    assert placed == [(0, None), (40, None), (40, None)]


@settings(max_examples=50)
@given(
    times=st.lists(st.none() | st.integers(-(10**6), 10**6), max_size=50),
    duration=st.integers(-1, 100),
)
def test_placed_times_always_rise(times: list[int | None], duration: int) -> None:
    """An encoder takes nothing else."""
    placed = [time for time, _ in place(times, duration)]

    assert all(a < b for a, b in pairwise(placed))
