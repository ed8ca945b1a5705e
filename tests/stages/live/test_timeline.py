"""One timeline over all connections to a source."""

from __future__ import annotations

from fractions import Fraction

from maskstream.stages.live.timeline import LiveTimeline


def timeline() -> LiveTimeline:
    """A timeline of milliseconds, connected."""
    made = LiveTimeline()
    made.connect(Fraction(1, 1000))
    return made


def test_the_times_of_the_source_are_kept() -> None:
    """While they rise, whenever the pictures arrive."""
    line = timeline()

    placed = [
        line.place(t, None, 0, now) for t, now in [(5, 0.0), (45, 0.5), (85, 0.5)]
    ]

    assert placed == [(5, None), (45, None), (85, None)]


def test_a_new_connection_goes_on_by_the_clock() -> None:
    """The source began again at zero; the gap is as long as it was."""
    line = timeline()
    line.place(90_000, None, 0, 100.0)
    line.connect(Fraction(1, 90_000))

    placed = [line.place(t, None, 0, now) for t, now in [(0, 107.0), (3600, 107.04)]]

    begin = 97 * 90_000 + 1
    assert placed == [(begin, None), (begin + 3600, None)]


def test_a_new_connection_that_begins_without_a_time_goes_on_too() -> None:
    """The first known time is that of the second picture."""
    line = timeline()
    line.place(1000, None, 40, 0.0)
    line.connect(Fraction(1, 1000))

    placed = [line.place(t, None, 40, now) for t, now in [(None, 3.0), (0, 3.0)]]
    later = line.place(40, None, 40, 3.1)

    assert placed == [(4001, "estimated_pts"), (4041, None)]
    assert later == (4081, None)


def test_a_jump_ahead_is_as_long_as_the_clock_says() -> None:
    """The source has set its clock; nothing was lost."""
    line = timeline()
    line.place(0, None, 0, 10.0)

    jumped = line.place(3_600_000, None, 0, 10.04)
    after = line.place(3_600_040, None, 0, 10.08)

    assert jumped == (40, "pts_discontinuities")
    assert after == (80, None)


def test_a_jump_back_goes_on() -> None:
    """The source began anew within a connection, or its counter wrapped."""
    line = timeline()
    line.place(90_000, None, 40, 0.0)

    assert line.place(0, None, 40, 0.04) == (90_040, "pts_discontinuities")


def test_a_real_gap_is_no_jump() -> None:
    """The source was silent for as long as its times say."""
    line = timeline()
    line.place(0, None, 0, 0.0)

    assert line.place(60_000, None, 0, 60.0) == (60_000, None)
