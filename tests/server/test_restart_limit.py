"""What fails is begun again, but not for ever."""

from __future__ import annotations

from maskstream.pipeline.clock import ManualClock
from maskstream.server.restart_limit import RestartLimit


def test_the_first_restart_is_at_once_and_later_ones_wait() -> None:
    """One failure is an accident, two look like a habit."""
    clock = ManualClock()
    limit = RestartLimit(clock)

    assert limit.may_restart()
    assert limit.restart_in_s() <= 0
    assert limit.may_restart()
    assert limit.restart_in_s() == 1.0
    clock.advance(1.0)
    assert limit.restart_in_s() <= 0


def test_failures_are_counted_within_the_window_only() -> None:
    """One a minute may go on for years."""
    clock = ManualClock()
    limit = RestartLimit(clock, max_restarts=2, window_s=60)

    for _ in range(10):
        clock.advance(31)
        assert limit.may_restart()
    clock.advance(1)

    assert not limit.may_restart()
    limit.forget()
    assert limit.may_restart()
