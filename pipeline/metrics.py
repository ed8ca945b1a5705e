"""What the pipeline tells Prometheus: the ledger, the channels and two histograms.

Counters are read from the ledger and the stages when somebody scrapes, so a frame costs
nothing here but its place in the histograms. Labels are stream ids, never URLs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from prometheus_client import CollectorRegistry, Histogram, Info, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.frame import Frame
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.ledger import Ledger

__all__ = ["Metrics"]

_logger = logging.getLogger(__name__)

_LATENCY_BUCKETS_S = (0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1, 2, 5, 10)
_BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64)


class Metrics(Collector):
    """The pipeline's metrics, in a registry of their own.

    `watch` follows a pipeline and its ledger. The seconds of stages add up from one
    pipeline to the next; frames are counted by stream, and a stream has one pipeline.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._ledger: Ledger | None = None
        self._pipeline: Pipeline | None = None
        self._past_stages: dict[str, list[float]] = {}
        self._latency = Histogram(
            "maskstream_frame_latency_seconds",
            "From the decoder to the finished labels of a frame.",
            ["stream"],
            buckets=_LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self._batch_size = Histogram(
            "maskstream_batch_size",
            "Frames in one pass through the network.",
            buckets=_BATCH_BUCKETS,
            registry=self.registry,
        )
        self._model = Info(
            "maskstream_model", "The network and its engine.", registry=self.registry
        )
        Info("maskstream_build", "The program.", registry=self.registry).info(
            {"version": version("maskstream")}
        )
        self.registry.register(self)

    def describe_model(self, **labels: str) -> None:
        """Tell which network runs on what."""
        self._model.info(labels)

    def observe_latency(self, frame: Frame, latency_s: float) -> None:
        """Count one frame whose labels are finished."""
        self._latency.labels(frame.stream).observe(latency_s)

    def observe_batch(self, size: int) -> None:
        """Count one batch."""
        self._batch_size.observe(size)

    def watch(self, pipeline: Pipeline, ledger: Ledger) -> None:
        """Report ``pipeline`` and ``ledger`` from now on."""
        if self._pipeline is not None:
            for name, times in _stage_seconds(self._pipeline).items():
                past = self._past_stages.setdefault(name, [0.0, 0.0, 0.0])
                past[:] = [sum(pair) for pair in zip(past, times, strict=True)]
        self._pipeline, self._ledger = pipeline, ledger

    @contextmanager
    def serve(self, port: int) -> Iterator[int]:
        """Serve ``/metrics`` on loopback; gives the port (for 0: the one it got).

        Raises:
            ConfigError: The port cannot be had.
        """
        try:
            server, thread = start_http_server(
                port, addr="127.0.0.1", registry=self.registry
            )
        except OSError as error:
            raise ConfigError(
                f"metrics port {port} cannot be opened: {error.strerror}"
            ) from None
        _logger.info("metrics at http://127.0.0.1:%d/metrics", server.server_port)
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def collect(self) -> Iterable[Metric]:
        """Read the ledger and the stages, for a scrape."""
        if self._ledger is not None:
            yield from _ledger_metrics(self._ledger)
        if self._pipeline is not None:
            yield from self._stage_metrics(self._pipeline)

    def _stage_metrics(self, pipeline: Pipeline) -> Iterable[Metric]:
        seconds = CounterMetricFamily(
            "maskstream_stage_seconds",
            "Seconds of a stage by state: busy, before an empty inbox, a full outbox.",
            labels=["stage", "state"],
        )
        now = _stage_seconds(pipeline)
        for name in {**self._past_stages, **now}:
            past = self._past_stages.get(name, [0.0, 0.0, 0.0])
            times = now.get(name, [0.0, 0.0, 0.0])
            states = ("busy", "input_wait", "output_wait")
            for state, before, since in zip(states, past, times, strict=True):
                seconds.add_metric([name, state], before + since)
        yield seconds
        depth = GaugeMetricFamily(
            "maskstream_queue_depth", "Items before a stage.", labels=["stage"]
        )
        capacity = GaugeMetricFamily(
            "maskstream_queue_capacity", "Items that fit.", labels=["stage"]
        )
        for name, stats in pipeline.inboxes().items():
            depth.add_metric([name], stats.depth)
            capacity.add_metric([name], stats.capacity)
        yield depth
        yield capacity


def _stage_seconds(pipeline: Pipeline) -> dict[str, list[float]]:
    return {
        report.name: [report.busy_s, report.input_wait_s, report.output_wait_s]
        for report in pipeline.reports()
    }


def _ledger_metrics(ledger: Ledger) -> Iterable[Metric]:
    decoded = CounterMetricFamily(
        "maskstream_frames_decoded", "Pictures from the decoder.", labels=["stream"]
    )
    written = CounterMetricFamily(
        "maskstream_frames_written",
        "Frames that a sink made part of its output.",
        labels=["stream", "sink"],
    )
    dropped = CounterMetricFamily(
        "maskstream_frames_dropped",
        "Frames that a sink never got, by where and why.",
        labels=["stream", "sink", "stage", "reason"],
    )
    in_flight = GaugeMetricFamily(
        "maskstream_frames_in_flight",
        "Decoded frames without an outcome yet.",
        labels=["stream", "sink"],
    )
    events = CounterMetricFamily(
        "maskstream_stream_events",
        "What is worth knowing and is not a frame.",
        labels=["stream", "event"],
    )
    for stream, account in ledger.accounts().items():
        decoded.add_metric([stream], account.decoded)
        for sink, sums in account.sinks.items():
            written.add_metric([stream, sink], sums.written)
            in_flight.add_metric([stream, sink], account.in_flight[sink])
            for (stage, reason), frames in sums.dropped.items():
                dropped.add_metric([stream, sink, stage, reason], frames)
        for event, count in account.notes.items():
            events.add_metric([stream, event], count)
    families: list[Any] = [decoded, written, dropped, in_flight, events]
    yield from families
