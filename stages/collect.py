"""Collect: frames of one or many streams -> batches for one pass of the network."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from maskstream.pipeline.frame import Batch, Frame
from maskstream.pipeline.stage import Inbox

__all__ = ["Collector"]


@dataclass(frozen=True, slots=True)
class Collector:
    """Form a batch when it is full or when its deadline has come.

    It takes from the streams in turn and waits for none of them: what is there when
    ``linger_s`` has passed since the first frame is the batch. Frames whose network
    inputs differ in size go in batches of their own; the frames of one stream stay in
    order.
    """

    network_size: Callable[[Frame], tuple[int, int]]
    """Gives the height and width of the network's input for a frame."""
    max_size: int = 1
    linger_s: float = 0.0
    on_batch: Callable[[int], None] | None = None
    """Told the size of each batch."""

    def __call__(self, inbox: Inbox) -> Generator[Batch, None, None]:
        """Yield batches until every stream has ended."""
        while frames := inbox.take(self.max_size, self.linger_s):
            for batch in self._split(frames):
                if self.on_batch is not None:
                    self.on_batch(len(batch.frames))
                yield batch

    def _split(self, frames: Sequence[Frame]) -> list[Batch]:
        groups: list[tuple[tuple[int, int], list[Frame]]] = []
        latest: dict[str, int] = {}  # stream -> the last group that it is in
        for frame in frames:
            size_hw = self.network_size(frame)
            # Not before the group of the stream's previous frame, which comes first.
            first = latest.get(frame.stream, 0)
            for index in range(first, len(groups)):
                if groups[index][0] == size_hw:
                    break
            else:
                index = len(groups)
                groups.append((size_hw, []))
            groups[index][1].append(frame)
            latest[frame.stream] = index
        return [Batch(tuple(group), size_hw) for size_hw, group in groups]
