"""The network and the stages around it, built again when the device fails."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from maskstream.models.engines import Engine
from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.errors import MaskStreamError, PipelineError
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.server.restart_limit import RestartLimit

__all__ = ["SharedNetwork"]

_logger = logging.getLogger(__name__)

_LOADING_LIMIT_S = 600.0
"""Kernels are compiled for half a minute where no cache has them, and were seen to take
three on a core that six others wanted as well."""


class SharedNetwork:
    """Keeps the stages that all streams share running. `tick` is for one thread.

    Args:
        hub: Where the streams meet.
        open_engine: Loads the network onto its device.
        build: Makes the shared stages around an engine.
        clock: Seconds.
    """

    def __init__(
        self,
        hub: Hub,
        open_engine: Callable[[], Engine],
        build: Callable[[Engine], Pipeline],
        clock: Clock = monotonic_clock,
    ) -> None:
        self._hub = hub
        self._open_engine = open_engine
        self._build = build
        self._limit = RestartLimit(clock)
        self._opener = ThreadPoolExecutor(1, thread_name_prefix="open-engine")
        self._clock = clock
        self._opening: Future[Engine] | None = None
        self._opening_since = 0.0
        self._engine: Engine | None = None
        self.pipeline: Pipeline | None = None
        """The shared stages, while they run."""
        self.failure: str | None = None
        """Why it was given up."""
        self.num_failures = 0
        self.has_ended = False
        """The hub takes no more streams and the last one has gone."""

    @property
    def is_up(self) -> bool:
        """Frames are being segmented."""
        return self.pipeline is not None

    @property
    def is_loading(self) -> bool:
        """A thread loads the network."""
        opening = self._opening  # asked from any thread
        return opening is not None and not opening.done()

    @property
    def why_not_up(self) -> str | None:
        """Say why no frame can be segmented yet; None when all is well."""
        return None if self.is_up else "the network is being loaded"

    @property
    def why_not_alive(self) -> str | None:
        """Say why it will not come any more; None when all is well."""
        loading_s = self._clock() - self._opening_since
        if self.is_loading and loading_s > _LOADING_LIMIT_S:
            return f"the network has been loading for {loading_s:.0f} s"
        return self.failure

    def tick(self) -> None:
        """Do what is due."""
        if self.has_ended or self.failure is not None:
            return
        if self.pipeline is not None:
            self._reap(self.pipeline)
        elif self._opening is None:
            if self._limit.restart_in_s() <= 0:
                self._opening_since = self._clock()
                self._opening = self._opener.submit(self._open_again)
        elif self._opening.done():
            self._take_up(self._opening)

    def close(self) -> None:
        """Let go of the engine; no stream is left."""
        if self.pipeline is not None:
            self.pipeline.stop()
        self._opener.shutdown()
        if self._opening is not None and self._opening.exception() is None:
            self._engine = self._opening.result()
        if self._engine is not None:
            self._engine.close()

    def _open_again(self) -> Engine:
        """Load the network, for which the device must have room again."""
        if self._engine is not None:
            broken, self._engine = self._engine, None
            try:
                broken.close()
            except MaskStreamError as error:
                _logger.debug("the engine that failed: %s", error)
        return self._open_engine()

    def _take_up(self, opening: Future[Engine]) -> None:
        self._opening = None
        try:
            self._engine = opening.result()
        except MaskStreamError as error:
            self._fail(str(error))
            return
        self._hub.renew()
        self.pipeline = self._build(self._engine)
        self.pipeline.start()
        _logger.info("the network runs")

    def _reap(self, pipeline: Pipeline) -> None:
        try:
            self.has_ended = pipeline.wait(0)
        except PipelineError as error:
            self.pipeline = None
            self._fail(str(error.exceptions[0]))

    def _fail(self, sentence: str) -> None:
        self.num_failures += 1
        if self._limit.may_restart():
            _logger.error("the network failed and is loaded again: %s", sentence)
        else:
            _logger.critical("the network failed too often: %s", sentence)
            self.failure = sentence
