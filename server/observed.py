"""A sink, and somebody who sees the frames that it is through with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.stage import Outputs, Stage

__all__ = ["Observed"]


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """A sink, and somebody who is told when it is through with a frame."""

    sink: Stage
    on_frame: Callable[[Segmentation], None]

    def __call__(self, inbox: Channel[Segmentation]) -> Outputs:
        """Do what the sink does."""
        tapped = _Tapped(inbox)
        with closing(self.sink(tapped)) as outputs:
            for output in outputs:
                if tapped.last is not None:
                    self.on_frame(tapped.last)
                yield output


class _Tapped:
    """The inbox of a sink; remembers what was taken last."""

    def __init__(self, inbox: Channel[Segmentation]) -> None:
        self._inbox = inbox
        self.last: Segmentation | None = None

    def take(self, *arguments: Any, **named: Any) -> list[Segmentation]:
        taken = self._inbox.take(*arguments, **named)
        if taken:
            self.last = taken[-1]
        return taken

    def __iter__(self) -> Iterator[Segmentation]:
        while taken := self.take():
            yield taken[0]

    def cancel(self) -> None:
        self._inbox.cancel()

    @property
    def is_closed(self) -> bool:
        return self._inbox.is_closed

    @property
    def depth(self) -> int:
        return self._inbox.depth

    @property
    def take_wait_s(self) -> float:
        return self._inbox.take_wait_s
