"""Streams that run together: the pipeline of each, and the one that they share."""

from __future__ import annotations

import time
from collections.abc import Sequence

from maskstream.pipeline.errors import PipelineError
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.node import StageReport

__all__ = ["Streams"]

_TICK_S = 0.2


class Streams:
    """Pipelines that are started, drained, cancelled and awaited as one.

    Args:
        hub: Joins them; it takes no more streams.
        shared: The stages that all share.
        pipelines: One for each stream.
    """

    def __init__(
        self, hub: Hub, shared: Pipeline, pipelines: Sequence[Pipeline]
    ) -> None:
        hub.close()
        self._all = (*pipelines, shared)

    def start(self) -> None:
        """Start every stage and return at once."""
        try:
            for pipeline in reversed(self._all):
                pipeline.start()
        except BaseException:  # No thread to be had, or Ctrl-C.
            self.stop()
            raise

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until every stage has ended; False when ``timeout_s`` passed first.

        Raises:
            PipelineError: Stages failed. Every thread has ended by then.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        errors: list[Exception] = []
        for pipeline in self._all:
            left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                if not pipeline.wait(left_s):
                    return False
            except PipelineError as error:
                errors += error.exceptions
        if errors:
            raise PipelineError("pipeline failed", errors)
        return True

    def run(self) -> None:
        """Start, then wait until every stage has ended; raises what `wait` raises."""
        try:
            self.start()
            while not self.wait(_TICK_S):
                pass  # A signal just before a wait takes effect only after it.
        except KeyboardInterrupt:  # In a program without a handler of its own.
            self.stop()
            raise

    def drain(self) -> None:
        """End every stream at its source; what was decoded reaches the sinks."""
        for pipeline in self._all:
            pipeline.drain()

    def cancel(self) -> None:
        """End every stream now; what waits in the channels is discarded."""
        for pipeline in self._all:
            pipeline.cancel()

    def stop(self) -> None:
        """Cancel, and wait until every stage has ended; failures are not raised."""
        self.cancel()
        for pipeline in self._all:
            pipeline.stop()

    def reports(self) -> list[StageReport]:
        """Where each stage's time went: sources, shared stages, then all others."""
        *streams, shared = (pipeline.reports() for pipeline in self._all)
        sources = [reports[0] for reports in streams]
        return [*sources, *shared, *(one for reports in streams for one in reports[1:])]

    @property
    def pipelines(self) -> Sequence[Pipeline]:
        """Those of the streams, then the one that they share."""
        return self._all

    @property
    def is_draining(self) -> bool:
        """`drain` or `cancel` was called."""
        return self._all[-1].is_draining

    @property
    def is_cancelled(self) -> bool:
        """`cancel` was called."""
        return self._all[-1].is_cancelled

    @property
    def failed_stage(self) -> str | None:
        """The name of a stage that failed; of the shared ones first, if one did."""
        stages = (pipeline.failed_stage for pipeline in reversed(self._all))
        return next(filter(None, stages), None)
