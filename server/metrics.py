"""What the daemon tells Prometheus beside what every pipeline does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from prometheus_client import (
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics
from maskstream.server.status import State, StreamStatus

__all__ = ["DaemonFigures", "ServerMetrics"]

_LATENCY_BUCKETS_S = (
    *(0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5),
    *(0.75, 1, 1.5, 2, 3, 5, 10, 30),
)
_STEPS = ("none", "hold", "smaller", "drop")
_STALLS = ("stalled", "frozen")


class ServerMetrics(Metrics):
    """The pipelines' metrics, and those of streams that live for months."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._sink_latency = Histogram(
            "maskstream_sink_latency_seconds",
            "From capture until a sink has written a frame.",
            ["stream", "sink"],
            buckets=_LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self._reloads = Counter(
            "maskstream_config_reloads",
            "Configurations that were read again, by result: done or refused.",
            ["result"],
            registry=self.registry,
        )
        for result in ("done", "refused"):
            self._reloads.labels(result)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def observe_sink(self, stream: str, sink: str, latency_s: float) -> None:
        """Count one frame that a sink has written."""
        self._sink_latency.labels(stream, sink).observe(latency_s)

    def count_reload(self, result: str) -> None:
        """Count a configuration that was read again."""
        self._reloads.labels(result).inc()

    def forget(self, stream: str) -> None:
        """Let the labels of a stream vanish."""
        super().forget(stream)
        for family in self._sink_latency.collect():
            sinks = {
                sample.labels["sink"]
                for sample in family.samples
                if sample.labels["stream"] == stream
            }
            for sink in sinks:
                with suppress(KeyError):
                    self._sink_latency.remove(stream, sink)


class DaemonFigures(Collector):
    """Reads the streams' statuses when somebody scrapes.

    Args:
        statuses: Every stream as it is now.
        scale: The share of each side that the network's input has.
        num_network_failures: How often the network failed.
    """

    def __init__(
        self,
        statuses: Callable[[], Sequence[StreamStatus]],
        scale: Callable[[], float],
        num_network_failures: Callable[[], int],
    ) -> None:
        self._statuses = statuses
        self._scale = scale
        self._num_network_failures = num_network_failures

    def collect(self) -> Iterable[Metric]:
        """Say how the streams and the network are."""
        statuses = self._statuses()
        yield from _states(statuses)
        yield from _counts(statuses)
        yield from _gauges(statuses)
        scale = "The share of each side that the network's input has under load."
        yield GaugeMetricFamily("maskstream_network_scale", scale, value=self._scale())
        yield CounterMetricFamily(
            "maskstream_network_failures",
            "Times that the network failed.",
            value=self._num_network_failures(),
        )


def _states(statuses: Sequence[StreamStatus]) -> Iterable[Metric]:
    up = GaugeMetricFamily(
        "maskstream_stream_up", "Frames come from the source.", labels=["stream"]
    )
    state = GaugeMetricFamily(
        "maskstream_stream_state",
        "1 for the state that the stream is in.",
        labels=["stream", "state"],
    )
    overload = GaugeMetricFamily(
        "maskstream_overload_level",
        "Step of the overload ladder: 0 none, 1 hold, 2 smaller, 3 drop.",
        labels=["stream"],
    )
    sink_up = GaugeMetricFamily(
        "maskstream_sink_up", "The sink is well.", labels=["stream", "sink"]
    )
    for one in statuses:
        up.add_metric([one.stream], one.state is State.RUNNING)
        for each in State:
            state.add_metric([one.stream, each.value], one.state is each)
        overload.add_metric([one.stream], _STEPS.index(one.overload))
        for sink, health in one.sinks.items():
            sink_up.add_metric([one.stream, sink], health == "ok")
    return up, state, overload, sink_up


def _counts(statuses: Sequence[StreamStatus]) -> Iterable[Metric]:
    reconnects = CounterMetricFamily(
        "maskstream_stream_reconnects",
        "Times that the source was lost, or an attempt failed anew, by reason.",
        labels=["stream", "reason"],
    )
    stalls = CounterMetricFamily(
        "maskstream_stream_stalls",
        "Times that a source that was up gave no new picture.",
        labels=["stream"],
    )
    crashes = CounterMetricFamily(
        "maskstream_stream_crashes",
        "Times that the stream was built again after a failure.",
        labels=["stream"],
    )
    for one in statuses:
        for reason, count in one.reconnects.items():
            reconnects.add_metric([one.stream, reason], count)
        stalled = sum(one.reconnects.get(reason, 0) for reason in _STALLS)
        stalls.add_metric([one.stream], stalled)
        crashes.add_metric([one.stream], one.num_crashes)
    return reconnects, stalls, crashes


def _gauges(statuses: Sequence[StreamStatus]) -> Iterable[Metric]:
    last = GaugeMetricFamily(
        "maskstream_stream_last_frame_timestamp_seconds",
        "When the last frame was finished.",
        labels=["stream"],
    )
    source_fps = GaugeMetricFamily(
        "maskstream_stream_source_fps", "Frames a second decoded.", labels=["stream"]
    )
    output_fps = GaugeMetricFamily(
        "maskstream_stream_output_fps",
        "Frames a second that reached every sink.",
        labels=["stream"],
    )
    delay = GaugeMetricFamily(
        "maskstream_stream_capture_delay_seconds",
        "By the camera's clock, from capture until decoded: far from 0, it is wrong.",
        labels=["stream"],
    )
    shares = GaugeMetricFamily(
        "maskstream_class_pixels_ratio",
        "Share of a class in the last picture of a stream whose frames come.",
        labels=["stream", "class"],
    )
    for one in statuses:
        if one.state is State.RUNNING:
            for name, share in one.shares.items():
                shares.add_metric([one.stream, name], share)
            if one.capture_delay_s is not None:
                delay.add_metric([one.stream], one.capture_delay_s)
        if one.last_frame_at is not None:
            last.add_metric([one.stream], one.last_frame_at)
        source_fps.add_metric([one.stream], one.fps_in)
        output_fps.add_metric([one.stream], one.fps_out)
    return last, source_fps, output_fps, delay, shares
