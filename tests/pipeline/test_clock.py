from __future__ import annotations

from contextlib import suppress

import pytest

from maskstream.pipeline.clock import ManualClock, Stopwatch, monotonic_clock, utc_text


def test_a_manual_clock_moves_only_when_told() -> None:
    """Reading it does not move it."""
    clock = ManualClock(5.0)

    readings = [clock(), clock()]
    clock.advance(1.5)

    assert readings == [5.0, 5.0]
    assert clock() == 6.5


def test_a_manual_clock_cannot_go_back() -> None:
    """A negative step is refused, and changes nothing."""
    clock = ManualClock()

    with pytest.raises(ValueError, match="cannot go back, got -1"):
        clock.advance(-1)

    assert clock() == 0.0


def test_the_real_clock_never_goes_back() -> None:
    """Later readings are never smaller."""
    readings = [monotonic_clock() for _ in range(100)]

    assert readings == sorted(readings)


def test_a_stopwatch_adds_up_what_happens_inside_it() -> None:
    """Time between the blocks does not count."""
    clock = ManualClock(100.0)
    stopwatch = Stopwatch(clock)

    for _ in range(2):
        clock.advance(10)
        with stopwatch:
            clock.advance(3)
    clock.advance(10)

    assert stopwatch.seconds == 6


def test_a_stopwatch_counts_the_block_that_is_running() -> None:
    """A long wait shows while it lasts, not only when it is over."""
    clock = ManualClock()
    stopwatch = Stopwatch(clock)

    with stopwatch:
        clock.advance(2)
        while_running = stopwatch.seconds

    assert while_running == 2
    assert stopwatch.seconds == 2


def test_a_stopwatch_stops_when_its_block_raises() -> None:
    """A failure inside ends the count like any other end."""
    clock = ManualClock()
    stopwatch = Stopwatch(clock)

    with suppress(KeyError), stopwatch:
        clock.advance(2)
        raise KeyError
    clock.advance(5)

    assert stopwatch.seconds == 2


def test_a_time_since_1970_is_written_in_utc() -> None:
    """To the microsecond, so that every one has the same length and sorts as text."""
    assert utc_text(1_700_000_000.25) == "2023-11-14T22:13:20.250000Z"
    assert utc_text(0) == "1970-01-01T00:00:00.000000Z"
