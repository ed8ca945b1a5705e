"""The supervisor: every stream, the network that they share, and what may be asked."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock

from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics
from maskstream.pipeline.stream_stages import StreamStages
from maskstream.server.control import StreamExistsError, UnknownStreamError
from maskstream.server.network import SharedNetwork
from maskstream.server.stream import LiveStream

__all__ = ["Supervisor"]

_logger = logging.getLogger(__name__)

Assemble = Callable[[], StreamStages]


class Supervisor:
    """Lets streams come, go and fail alone. `tick` is for one thread."""

    def __init__(
        self,
        hub: Hub,
        network: SharedNetwork,
        ledger: Ledger,
        metrics: Metrics,
        *,
        stop_deadline_s: float,
        clock: Clock = monotonic_clock,
    ) -> None:
        self._hub = hub
        self._network = network
        self._ledger = ledger
        self._metrics = metrics
        self._stop_deadline_s = stop_deadline_s
        self._clock = clock
        self._lock = Lock()  # guards the streams
        self._streams: dict[str, LiveStream] = {}
        self._is_stopping = False
        self.num_unbalanced = 0
        """Frames without an outcome, of streams that have ended."""

    def add(self, stream: str, assemble: Assemble) -> None:
        """Start a stream."""
        with self._lock:
            if stream in self._streams:
                raise StreamExistsError(f"there is a stream {stream!r} already")
            self._streams[stream] = LiveStream(
                stream,
                lambda: self._build(assemble()),
                self._ledger,
                stop_deadline_s=self._stop_deadline_s,
                clock=self._clock,
            )

    def stream(self, stream: str) -> LiveStream:
        """Find a stream."""
        with self._lock:
            if stream not in self._streams:
                raise UnknownStreamError(f"there is no stream {stream!r}")
            return self._streams[stream]

    def drain(self) -> None:
        """End every stream in order, and then the network."""
        self._is_stopping = True
        for one in self._all():
            one.end()

    def cancel(self) -> None:
        """End every stream at once."""
        self._is_stopping = True
        for one in self._all():
            one.cancel()

    def tick(self) -> None:
        """Do what is due."""
        self._network.tick()
        for one in self._all():
            before = one.pipeline
            one.tick()
            if before is not one.pipeline:
                self._metrics.unwatch(*filter(None, [before]))
            if one.has_ended:
                self._forget(one)
        if self._is_stopping and not self._all():
            self._hub.close()

    @property
    def has_ended(self) -> bool:
        """Every stream was to end and has, and so has the network."""
        is_idle = self._network.has_ended or not self._network.is_up
        return self._is_stopping and is_idle and not self._all()

    def _build(self, stages: StreamStages) -> Pipeline:
        self._ledger.reopen(stages.stream, stages.sinks)
        pipeline = stages.build(self._hub)
        self._metrics.watch(pipeline)
        return pipeline

    def _forget(self, one: LiveStream) -> None:
        account = self._ledger.account(one.stream)
        _logger.info(
            "%s: ended; %d frames decoded, %d written, %d dropped",
            one.stream,
            account.decoded,
            account.written,
            account.dropped,
        )
        self.num_unbalanced += one.num_unbalanced
        with self._lock:
            del self._streams[one.stream]
        self._ledger.forget(one.stream)
        self._metrics.forget(one.stream)

    def _all(self) -> tuple[LiveStream, ...]:
        with self._lock:
            return tuple(self._streams.values())
