"""What the pipeline tells Prometheus: the ledger, the channels and two histograms.

Counters are read from the ledger and the stages when somebody scrapes, so a frame costs
nothing here but its place in the histograms. Labels are stream ids, never URLs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from threading import Lock
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    start_http_server,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.frame import Batch, Frame
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.ledger import Ledger

__all__ = ["Metrics"]

_logger = logging.getLogger(__name__)

_LATENCY_BUCKETS_S = (0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1, 2, 5, 10)
_BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64)

_WAIT_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_ITEMS = "items"

StageTotals = dict[tuple[str, str, str], float]
"""By stream (empty: all), stage and what: seconds in a state, or ``items``."""


class Metrics(Collector):
    """The pipeline's metrics, in a registry of their own. Safe between threads.

    What a stage has done adds up from one pipeline that is watched to the next.

    Args:
        ledger: Counts the frames of every stream.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.registry = CollectorRegistry()
        self._ledger = ledger
        self._lock = Lock()  # guards the pipelines and their past
        self._pipelines: tuple[Pipeline, ...] = ()
        self._past: StageTotals = {}
        self._latency = Histogram(
            "maskstream_frame_latency_seconds",
            "From the decoder to the finished labels of a frame.",
            ["stream"],
            buckets=_LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self._staleness = Histogram(
            "maskstream_frame_staleness_seconds",
            "Age of a frame, since it left the decoder, when the network gets it.",
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
        self._batch_wait = Histogram(
            "maskstream_batch_wait_seconds",
            "How long the first frame of a batch has waited for company.",
            buckets=_WAIT_BUCKETS_S,
            registry=self.registry,
        )
        self._batch_flushes = Counter(
            "maskstream_batch_flushes",
            "Batches by why they went: full, or at the deadline.",
            ["reason"],
            registry=self.registry,
        )
        for reason in ("full", "deadline"):
            self._batch_flushes.labels(reason)
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

    def observe_staleness(self, frame: Frame, age_s: float) -> None:
        """Count one frame that goes to the network."""
        self._staleness.labels(frame.stream).observe(age_s)

    def observe_batch(self, batch: Batch) -> None:
        """Count one batch."""
        self._batch_size.observe(len(batch.frames))

    def observe_take(self, is_full: bool, waited_s: float) -> None:
        """Count what the network takes at one time: a batch, if all have one size."""
        self._batch_wait.observe(waited_s)
        self._batch_flushes.labels("full" if is_full else "deadline").inc()

    def watch(self, *pipelines: Pipeline) -> None:
        """Report these pipelines too from now on."""
        with self._lock:
            self._pipelines += pipelines

    def unwatch(self, *pipelines: Pipeline) -> None:
        """Keep the totals of pipelines that have ended, and let go of the rest."""
        with self._lock:
            left = tuple(one for one in self._pipelines if one not in pipelines)
            self._pipelines = left
            _add_totals(self._past, pipelines)

    def forget(self, stream: str) -> None:
        """Let the labels of a stream vanish; its pipeline has ended."""
        with self._lock:
            past = self._past.items()
            self._past = {key: total for key, total in past if key[0] != stream}
        for histogram in (self._latency, self._staleness):
            with suppress(KeyError):  # no frame of it was ever there
                histogram.remove(stream)

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
        yield from _ledger_metrics(self._ledger)
        yield from self._stage_metrics()

    def _stage_metrics(self) -> Iterable[Metric]:
        with self._lock:
            pipelines, totals = self._pipelines, dict(self._past)
        _add_totals(totals, pipelines)
        seconds = CounterMetricFamily(
            "maskstream_stage_seconds",
            "Seconds of a stage by state: busy, before an empty inbox, a full outbox.",
            labels=["stream", "stage", "state"],
        )
        items = CounterMetricFamily(
            "maskstream_stage_items",
            "What a stage has given on: frames; of collect and segment, batches.",
            labels=["stream", "stage"],
        )
        for (stream, stage, what), total in totals.items():
            if what == _ITEMS:
                items.add_metric([stream, stage], total)
            else:
                seconds.add_metric([stream, stage, what], total)
        yield items
        yield seconds
        depth = GaugeMetricFamily(
            "maskstream_queue_depth",
            "Items before a stage.",
            labels=["stream", "stage"],
        )
        capacity = GaugeMetricFamily(
            "maskstream_queue_capacity", "Items that fit.", labels=["stream", "stage"]
        )
        for pipeline in pipelines:
            for stage, stats in pipeline.inboxes().items():
                depth.add_metric([pipeline.stream, stage], stats.depth)
                capacity.add_metric([pipeline.stream, stage], stats.capacity)
        yield depth
        yield capacity


def _add_totals(totals: StageTotals, pipelines: Iterable[Pipeline]) -> None:
    for pipeline in pipelines:
        for report in pipeline.reports():
            done = {
                _ITEMS: report.items,
                "busy": report.busy_s,
                "input_wait": report.input_wait_s,
                "output_wait": report.output_wait_s,
            }
            for what, total in done.items():
                key = (report.stream, report.name, what)
                totals[key] = totals.get(key, 0.0) + total


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
