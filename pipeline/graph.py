"""The graph: stages on threads of their own, joined by channels.

One rule gives all the semantics: however a stage ends, its outboxes close and its
inbox is cancelled. Downstream then drains and finalises; upstream's next send finds
that nobody receives, and unwinds. Ends, errors and early exits travel the same two
edges.

Streams that share stages are pipelines of their own, joined by a `Hub`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from threading import Thread
from typing import Any

from maskstream.pipeline.channel import Channel, ChannelStats
from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.errors import PipelineError
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.link import Link
from maskstream.pipeline.node import Node, StageReport
from maskstream.pipeline.stage import Inbox, Outputs, Source, Stage

__all__ = ["Flow", "Pipeline"]

_logger = logging.getLogger(__name__)

_TICK_S = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """The items that a stage yields, for other stages to take.

    Two calls of `then` on one flow are a tee: each receiver gets every item through a
    channel of its own. A receiver that leaves is skipped; when the last one has left,
    the stage ends.
    """

    _pipeline: Pipeline
    _node: Node

    def then(self, name: str, stage: Stage, link: Link | None = None) -> Flow:
        """Append ``stage``, fed through ``link``."""
        link = link or Link()
        channel = Channel[Any](
            link.capacity,
            link.overflow,
            max_weight=link.max_weight,
            weigh=link.weigh,
            on_drop=link.on_drop,
            clock=self._pipeline._clock,
        )
        self._node.outboxes.append(channel)
        return self._pipeline._add(name, lambda: stage(channel), channel)

    def through(self, hub: Hub, link: Link | None = None) -> Flow:
        """Send the items to the hub, through ``link``; go on with what comes back."""
        port = hub.open(self._pipeline.stream, link or Link())
        self._node.outboxes.append(port.channel)
        return self._pipeline._join(port.node)

    def back(self, hub: Hub) -> None:
        """Give the items back to the streams that they belong to."""
        self._node.outboxes.append(hub.exit)


class Pipeline:
    """Sources and the stages after them, one thread each.

    Args:
        stream: The stream that they work for; empty where they work for all.
        clock: Seconds, for the waiting times.
    """

    def __init__(self, *, stream: str = "", clock: Clock = monotonic_clock) -> None:
        self.stream = stream
        self._clock = clock
        self._nodes: list[Node] = []
        self._threads: list[Thread] = []
        self._errors: list[Exception] = []
        self._is_draining = False  # Not an Event: set by signal handlers, which may
        self._is_cancelled = False  # interrupt each other while one holds its lock.
        self._failed_stage: str | None = None

    def source(self, name: str, source: Source) -> Flow:
        """Add a source."""
        return self._add(name, source, None)

    def gather(self, hub: Hub, name: str, stage: Stage) -> Flow:
        """Add the first of the stages that all streams of ``hub`` share."""
        return self._add(name, lambda: stage(hub.entry), hub.entry)

    def start(self) -> None:
        """Start every stage and return at once."""
        self._threads = [
            Thread(
                target=self._run_node,
                args=(node, node.start),
                name=":".join(filter(None, (node.name, self.stream))),
            )
            for node in self._nodes
            if node.start is not None
        ]
        try:
            for thread in self._threads:
                thread.start()
        except BaseException:  # No thread to be had, or Ctrl-C.
            self.stop()
            raise

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until every stage has ended; False when ``timeout_s`` passed first.

        Raises:
            PipelineError: Stages failed. Every thread has ended by then.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        for node in self._nodes:
            left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not node.has_ended.wait(left_s):
                return False
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise PipelineError("pipeline failed", self._errors)
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
        """End every stream at its source; what was decoded reaches the sinks.

        Does not block. A source that is stuck in a read ends at that read's deadline.
        """
        self._is_draining = True

    def cancel(self) -> None:
        """End every stream now; what waits in the channels is discarded."""
        self._is_cancelled = True
        self._is_draining = True
        for node in self._nodes:
            if node.inbox is not None:
                node.inbox.cancel()

    def stop(self) -> None:
        """Cancel, and wait until every stage has ended; failures are not raised."""
        self.cancel()
        staged = (node for node in self._nodes if node.start is not None)
        for node, thread in zip(staged, self._threads, strict=False):
            if thread.ident is not None:  # Where `start` failed, some never were.
                # Not by `join` alone: after a Ctrl-C in one, the next returns at once
                # (Python 3.11).
                node.has_ended.wait()
                thread.join()

    @property
    def is_draining(self) -> bool:
        """`drain` or `cancel` was called."""
        return self._is_draining

    @property
    def is_cancelled(self) -> bool:
        """`cancel` was called."""
        return self._is_cancelled

    @property
    def failed_stage(self) -> str | None:
        """The name of the first stage that failed."""
        return self._failed_stage

    def reports(self) -> list[StageReport]:
        """Return where each stage's time went so far, in the order of building."""
        now = self._clock()
        return [node.report(now) for node in self._nodes if node.start is not None]

    def inboxes(self) -> dict[str, ChannelStats]:
        """Return the counters of each stage's inbox; of a port, as the hub's."""
        return {
            node.name: node.inbox.stats
            for node in self._nodes
            if isinstance(node.inbox, Channel)
        }

    def _add(
        self, name: str, start: Callable[[], Outputs], inbox: Inbox | None
    ) -> Flow:
        return self._join(Node(name, start, inbox, self.stream))

    def _join(self, node: Node) -> Flow:
        self._nodes.append(node)
        return Flow(self, node)

    def _run_node(self, node: Node, start: Callable[[], Outputs]) -> None:
        node.started_at = self._clock()
        try:
            with closing(start()) as outputs:
                for output in outputs:
                    if not node.send(output):
                        break  # They say themselves why they left.
                    node.items += 1
                    if node.inbox is None and self._is_draining:
                        break
        except Exception as error:
            error.add_note(f"in stage {node.name!r}")
            _logger.debug("stage %s failed", node.name, exc_info=error)
            self._failed_stage = self._failed_stage or node.name
            self._errors.append(error)
        finally:  # However a stage ends, its neighbours learn it the same way.
            node.end(self._clock())
