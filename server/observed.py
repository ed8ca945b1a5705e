"""A sink, and somebody who sees the frames that it is through with, or has written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.frame import Frame, Segmentation
from maskstream.pipeline.stage import Outputs, Stage

__all__ = ["Observed", "WrittenFrames"]


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


class WrittenFrames:
    """Of the frames that a sink is through with, sees those with which it wrote.

    A sink that drops a frame, at a full disk or while its receiver is away, is through
    with it too.

    Args:
        on_frame: Told each frame.
        num_written: How many the sink has written so far.
    """

    def __init__(
        self, on_frame: Callable[[Frame], None], num_written: Callable[[], int]
    ) -> None:
        self._on_frame = on_frame
        self._num_written = num_written
        self._before = num_written()

    def __call__(self, item: Segmentation) -> None:
        """Take a frame that the sink is through with."""
        before, self._before = self._before, self._num_written()
        if self._before > before:
            self._on_frame(item.frame)


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
