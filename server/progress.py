"""Whether every stage gets on with what waits before it; one that does not hangs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.graph import Pipeline

__all__ = ["Progress"]


@dataclass(slots=True)
class _Mark:
    received: int
    since: float


class Progress:
    """Knows since when a stage that has work has taken none of it.

    Where nothing waits nothing is due: a camera that is away hangs nobody.
    """

    def __init__(
        self, hang_after_s: float = 30.0, clock: Clock = monotonic_clock
    ) -> None:
        self._hang_after_s = hang_after_s
        self._clock = clock
        self._marks: dict[tuple[int, str], _Mark] = {}

    def look(self, pipelines: Iterable[Pipeline]) -> str | None:
        """Say in one sentence what hangs; None when all is well."""
        now = self._clock()
        marks: dict[tuple[int, str], _Mark] = {}
        hung: str | None = None
        for pipeline in pipelines:
            for stage, stats in pipeline.inboxes().items():
                key = (id(pipeline), stage)
                mark = self._marks.get(key)
                if mark is None or not stats.depth or stats.received != mark.received:
                    mark = _Mark(stats.received, now)
                marks[key] = mark
                stuck_s = now - mark.since
                if stuck_s > self._hang_after_s:
                    where = ": ".join(filter(None, (pipeline.stream, stage)))
                    hung = f"{where} has taken nothing for {stuck_s:.0f} s"
        self._marks = marks
        return hung
