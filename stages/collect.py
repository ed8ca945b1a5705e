"""Collect: frames of one or many streams -> batches for one pass of the network."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.frame import Batch, Frame
from maskstream.pipeline.stage import SharedInbox

__all__ = ["Collector"]

Run = tuple[Frame, tuple[Frame, ...]]
"""A frame for the network, and those after it that are held: they get its labels."""


@dataclass(frozen=True, slots=True)
class Collector:
    """Form a batch when it is full or when its deadline has come.

    It takes from the streams in turn and waits for none of them: what is there when
    ``linger_s`` has passed since the first frame is the batch. Frames whose network
    inputs differ in size go in batches of their own; the frames of one stream stay in
    order.

    Where a turn brings several frames of a stream, the network could not keep up with
    it. Those that are too old go no further; of the rest the first is for the network
    and the others are held, up to a change of format.
    """

    network_size: Callable[[Frame], tuple[int, int]]
    """Gives the height and width of the network's input for a frame."""
    max_size: int = 1
    linger_s: float = 0.0
    max_staleness_s: float = float("inf")
    """What waited longer than this is dropped, except the last frame of a turn."""
    on_stale: Callable[[Frame], None] = field(default=lambda _: None)
    """Told each frame that is dropped."""
    on_batch: Callable[[Batch], None] = field(default=lambda _: None)
    """Told each batch."""
    on_take: Callable[[bool, float], None] = field(default=lambda _full, _s: None)
    """Told of each take whether it is full, and how long its first has waited."""
    clock: Clock = monotonic_clock

    def __call__(self, inbox: SharedInbox) -> Generator[Batch, None, None]:
        """Yield batches until every stream has ended."""
        lingered_s = inbox.lingered_s
        while turns := inbox.take_turns(self.max_size, self.linger_s):
            before_s, lingered_s = lingered_s, inbox.lingered_s
            self.on_take(len(turns) >= self.max_size, lingered_s - before_s)
            runs = [run for turn in turns for run in self._runs(turn)]
            for batch in self._batches(runs):
                self.on_batch(batch)
                yield batch

    def _runs(self, turn: Sequence[Frame]) -> Iterator[Run]:
        """Divide the frames of one stream into those to infer and those to hold."""
        oldest_at = self.clock() - self.max_staleness_s
        fresh = [one for one in turn[:-1] if one.decoded_at >= oldest_at]
        for stale in turn[: len(turn) - 1 - len(fresh)]:
            self.on_stale(stale)
        fresh.append(turn[-1])
        while fresh:
            first, num = fresh[0], 1
            while num < len(fresh) and fresh[num].format is first.format:
                num += 1
            yield first, tuple(fresh[1:num])
            fresh = fresh[num:]

    def _batches(self, runs: Sequence[Run]) -> list[Batch]:
        groups: list[tuple[tuple[int, int], list[Run]]] = []
        latest: dict[str, int] = {}  # stream -> the last group that it is in
        for run in runs:
            frame = run[0]
            size_hw = self.network_size(frame)
            # Not before the group of the stream's previous frame, which comes first.
            first = latest.get(frame.stream, 0)
            for index in range(first, len(groups)):
                if groups[index][0] == size_hw:
                    break
            else:
                index = len(groups)
                groups.append((size_hw, []))
            groups[index][1].append(run)
            latest[frame.stream] = index
        return [
            Batch(
                frames=tuple(frame for frame, _ in group),
                size_hw=size_hw,
                held=tuple(held for _, held in group),
            )
            for size_hw, group in groups
        ]
