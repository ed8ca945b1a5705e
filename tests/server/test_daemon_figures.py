"""What a scrape tells of the streams, from their statuses."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry

from maskstream.pipeline.ledger import StreamAccount
from maskstream.server.event_figures import EventFigures
from maskstream.server.metrics import DaemonFigures
from maskstream.server.status import State, StreamStatus
from maskstream.stages.events.counts import EventCounts


def scrape(**status: Any) -> CollectorRegistry:
    """Tell of one stream, called front."""
    account = StreamAccount(0, {}, {})
    given: dict[str, Any] = {"state": State.RUNNING, **status}
    one = StreamStatus(stream="front", source="x", since=0, account=account, **given)
    registry = CollectorRegistry()
    registry.register(DaemonFigures(lambda: [one], lambda: 1.0, lambda: 0))
    return registry


def test_a_stream_that_runs_tells_what_is_seen_and_by_which_clock() -> None:
    """Shares of classes, and how far the camera's clock is from ours."""
    front = {"stream": "front"}
    seen: dict[str, Any] = {"shares": {"road": 0.4}, "capture_delay_s": -3600.0}

    running = scrape(**seen)
    away = scrape(state=State.WAITING, **seen)

    share, delay = (
        "maskstream_class_pixels_ratio",
        "maskstream_stream_capture_delay_seconds",
    )
    assert running.get_sample_value(share, {**front, "class": "road"}) == 0.4
    assert running.get_sample_value(delay, front) == -3600
    assert away.get_sample_value(share, {**front, "class": "road"}) is None
    assert away.get_sample_value(delay, front) is None


def test_messages_are_counted_from_zero_on() -> None:
    """Of a counter that begins at one Prometheus would see no increase."""
    counts = EventCounts()
    registry = CollectorRegistry()
    registry.register(EventFigures(counts))
    counts.waiting("ops", 2)
    counts.delivery("ops", "failed")

    name = "maskstream_event_deliveries_total"
    told = {
        outcome: registry.get_sample_value(name, {"target": "ops", "outcome": outcome})
        for outcome in ("ok", "rejected", "dropped", "failed")
    }
    assert told == {"ok": 0, "rejected": 0, "dropped": 0, "failed": 1}
