"""How long a source that is away is left alone."""

from __future__ import annotations

from maskstream.stages.live.backoff import Backoff
from maskstream.stages.live.reasons import Reason


def delays(reason: Reason, away_s: float | None) -> list[float]:
    """The waits after one failure after another, without chance."""
    backoff = Backoff(random=lambda: 0.5)
    return [backoff.delay_s(attempt, reason, away_s) for attempt in range(7)]


def test_the_wait_doubles_up_to_its_limit() -> None:
    """A source that never was there is not tried for ever at the same pace."""
    assert delays(Reason.REFUSED, None) == [1, 2, 4, 8, 16, 30, 30]


def test_a_source_that_was_up_is_tried_often() -> None:
    """It is likely to be back soon, and is wanted within seconds then."""
    assert delays(Reason.REFUSED, 60) == [1, 2, 3, 3, 3, 3, 3]
    assert delays(Reason.REFUSED, 3600) == [1, 2, 4, 8, 16, 30, 30]


def test_a_password_is_not_tried_often() -> None:
    """Cameras lock out who tries a wrong one too often."""
    assert delays(Reason.AUTH, 60) == [1, 2, 4, 8, 16, 30, 30]


def test_chance_spreads_the_attempts() -> None:
    """By a share of the wait, to either side."""
    early = Backoff(jitter=0.2, random=lambda: 0.0)
    late = Backoff(jitter=0.2, random=lambda: 1.0)

    assert early.delay_s(0, Reason.EOF, None) == 0.8
    assert late.delay_s(0, Reason.EOF, None) == 1.2
