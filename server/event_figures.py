"""What is known of events and of telling them, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from maskstream.stages.events.counts import EventCounts

__all__ = ["EventFigures"]

_OUTCOMES = ("ok", "rejected", "dropped", "failed")


class EventFigures(Collector):
    """Reads the counts when somebody scrapes."""

    def __init__(self, counts: EventCounts) -> None:
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        """Say what happened, and what became of telling it."""
        events = CounterMetricFamily(
            "maskstream_events", "Events that began.", labels=["stream", "rule"]
        )
        for (stream, rule), count in self._counts.events().items():
            events.add_metric([stream, rule], count)
        clips = CounterMetricFamily(
            "maskstream_event_clips",
            "Clips and snapshots of events: ok or failed.",
            labels=["stream", "outcome"],
        )
        for (stream, outcome), count in self._counts.clips().items():
            clips.add_metric([stream, outcome], count)
        deliveries = CounterMetricFamily(
            "maskstream_event_deliveries",
            "Messages: ok, rejected or dropped; and tries that failed.",
            labels=["target", "outcome"],
        )
        told, backlog = self._counts.deliveries(), self._counts.backlog()
        # From zero on: of a counter that begins at one Prometheus sees no increase.
        for target in sorted(backlog.keys() | {target for target, _ in told}):
            for outcome in _OUTCOMES:
                deliveries.add_metric([target, outcome], told.get((target, outcome), 0))
        waiting = GaugeMetricFamily(
            "maskstream_event_deliveries_waiting",
            "Messages that a target has not taken yet.",
            labels=["target"],
        )
        for target, count in backlog.items():
            waiting.add_metric([target], count)
        return events, clips, deliveries, waiting
