"""Every part of the pipeline alone, by the stages that a run is made of.

A part works on frames that lie ready, while nothing else works: one copy of it by
itself, which is timed, and then one a core at once, whose CPU time counts. The network
is there once, since it takes all cores by itself. A first pass, which warms up, keeps
what each part makes for those after it; in the rounds that count it is let go at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, starmap, takewhile
from typing import TypeVar

from maskstream.bench.costs import Cost, cost_of, cost_of_copies, exhaust
from maskstream.bench.inputs import NoEngine, make_batches, make_inputs, submit_all
from maskstream.bench.networks import Variant
from maskstream.bench.workload import Workload, frames_of
from maskstream.models.engines.cores import available_cores
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.frame import Batch, Frame, InferredBatch, Pending, Segmentation
from maskstream.pipeline.shared_stages import batch_limit, network_sizes
from maskstream.pipeline.stream_stages import Branch
from maskstream.stages.finish import Finisher
from maskstream.stages.segment import Segmenter

__all__ = ["Parts", "deal"]

T = TypeVar("T")

_MAX_COPIES = 16  # with more cores the longest part is the limit, not the cores


class Parts:
    """Warms up when made; each `round` then measures every part once."""

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self._num_copies = min(available_cores(), _MAX_COPIES)
        engine = workload.engine
        self._segmenter = Segmenter(NoEngine())
        stages = workload.stream()
        frames = _of_one_format(frames_of(stages))
        self.size_hw = network_sizes(workload.config.model)(frames[0])
        self.frames = frames
        self.num_frames = len(frames)
        self.batch_size = batch_limit(workload.config.batch, engine)
        self._batches = make_batches(frames, self.size_hw, self.batch_size)
        self._inputs = make_inputs(self._batches)
        pending = [engine.submit(one.pictures, one.sizes_hw) for one in self._inputs]
        self._labelled = list(self._finish(zip(self._batches, pending, strict=True)))
        self._behind: dict[str, list[Segmentation]] = {}
        self._warm_up(stages.branches, self._labelled)

    @property
    def variant(self) -> Variant:
        """How the network runs."""
        engine = self._workload.engine
        return Variant(
            engine.name,
            engine.device,
            engine.precision,
            self.batch_size,
            self.size_hw,
            self._workload.config.model.threads,
        )

    @property
    def annotated(self) -> Sequence[Segmentation]:
        """What the encoder gets; empty where no video is written."""
        return self._behind.get("annotate", ())

    def round(self) -> dict[str, Cost]:
        """Measure every part, in the order that frames go through them."""
        streams = [self._workload.stream() for _ in range(1 + self._num_copies)]
        num_each = [self.num_frames] * len(streams)
        decoders = [islice(frames_of(one), self.num_frames) for one in streams]
        costs = {
            "decode": cost_of_copies(decoders, num_each),
            "preprocess": cost_of_copies(
                [self._segmenter(Channel.of(*self._batches)) for _ in streams],
                num_each,
            ),
        }
        pending: list[Pending] = []
        engine = self._workload.engine
        costs["network"] = cost_of(
            lambda: pending.extend(submit_all(engine, self._inputs)), self.num_frames
        )
        # Labels are fetched once, so each copy gets a share.
        shares = deal([*zip(self._batches, pending, strict=False)], len(streams))
        costs["finish"] = cost_of_copies(
            [self._finish(share) for share in shares],
            [sum(len(batch.frames) for batch, _ in share) for share in shares],
        )
        self._measure([stream.branches for stream in streams], self._labelled, costs)
        return costs

    def _finish(
        self, batches: Iterable[tuple[Batch, Pending]]
    ) -> Iterable[Segmentation]:
        inferred = starmap(InferredBatch, batches)
        return Finisher(monotonic_clock)(Channel.of(*inferred))

    def _warm_up(
        self, branches: Sequence[Branch], items: Sequence[Segmentation]
    ) -> None:
        for branch in branches:
            outputs = branch.stage(Channel.of(*items))
            if not branch.then:
                exhaust(outputs)
                continue
            self._behind[branch.name] = list(outputs)
            self._warm_up(branch.then, self._behind[branch.name])

    def _measure(
        self,
        copies: Sequence[Sequence[Branch]],
        items: Sequence[Segmentation],
        costs: dict[str, Cost],
    ) -> None:
        for branches in zip(*copies, strict=True):
            name = branches[0].name
            costs[name] = cost_of_copies(
                [branch.stage(Channel.of(*items)) for branch in branches],
                [self.num_frames] * len(branches),
            )
            if name in self._behind:
                behind = [branch.then for branch in branches]
                self._measure(behind, self._behind[name], costs)


def deal(items: Sequence[T], hands: int) -> list[Sequence[T]]:
    """Deal items out, to no more hands than there are items."""
    num = min(hands, len(items))
    return [items[first::num] for first in range(num)]


def _of_one_format(frames: Iterator[Frame]) -> list[Frame]:
    """Take the frames before the first whose size or format is another."""
    first = next(frames)
    return [first, *takewhile(lambda one: one.format is first.format, frames)]
