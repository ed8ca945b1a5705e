"""How often a client may ask."""

from __future__ import annotations

from maskstream.pipeline.clock import ManualClock
from maskstream.server.http.rate_limit import RateLimit


def test_a_client_may_do_a_burst_and_then_the_rate() -> None:
    """After a burst there is a token whenever its time has passed."""
    clock = ManualClock()
    limit = RateLimit(2.0, 3, clock)

    assert [limit.take("a") for _ in range(5)] == [True, True, True, False, False]
    clock.advance(0.5)
    assert [limit.take("a") for _ in range(2)] == [True, False]
    clock.advance(60)
    assert [limit.take("a") for _ in range(4)] == [True, True, True, False]


def test_clients_do_not_share_a_bucket() -> None:
    """One client that asks too often costs the others nothing."""
    limit = RateLimit(1.0, 1, ManualClock())

    assert [limit.take("a"), limit.take("a"), limit.take("b")] == [True, False, True]


def test_only_so_many_clients_are_remembered() -> None:
    """The one that has asked least recently is forgotten for a new one."""
    limit = RateLimit(1.0, 1, ManualClock(), max_clients=2)
    for client in ("a", "b", "a", "c"):
        limit.take(client)

    assert len(limit._buckets) == 2
    assert [limit.take("a"), limit.take("b")] == [False, True]
