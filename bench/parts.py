"""Every part of the pipeline alone, by the stages that a run is made of.

A part works on frames that lie ready, while nothing else works, and is charged the CPU
time of the whole process. A first pass, which warms up, keeps what each part makes for
those after it; in the rounds that count it is let go at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from maskstream.bench.costs import Cost, cost_of, exhaust
from maskstream.bench.inputs import NoEngine, make_batches, make_inputs, submit_all
from maskstream.bench.networks import Variant
from maskstream.bench.workload import Workload, frames_of
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.frame import Batch, InferredBatch, Pending, Segmentation
from maskstream.pipeline.shared_stages import batch_limit, network_sizes
from maskstream.pipeline.stream_stages import Branch
from maskstream.stages.finish import Finisher
from maskstream.stages.segment import Segmenter

__all__ = ["Parts"]


class Parts:
    """Warms up when made; each `round` then measures every part once."""

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        engine = workload.engine
        self._segmenter = Segmenter(NoEngine())
        stages = workload.stream()
        frames = list(frames_of(stages))
        frames = [one for one in frames if one.format is frames[0].format]
        self.size_hw = network_sizes(workload.config.model)(frames[0])
        self.frames = frames
        self.num_frames = len(frames)
        self.batch_size = batch_limit(workload.config.batch, engine)
        self._batches = make_batches(frames, self.size_hw, self.batch_size)
        self._inputs = make_inputs(self._batches)
        pending = [engine.submit(one.pictures, one.sizes_hw) for one in self._inputs]
        self._labelled = list(self._finish(self._batches, pending))
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
        )

    @property
    def annotated(self) -> Sequence[Segmentation]:
        """What the encoder gets; empty where no video is written."""
        return self._behind.get("annotate", ())

    def round(self) -> dict[str, Cost]:
        """Measure every part, in the order that frames go through them."""
        stages = self._workload.stream()
        costs = {
            "decode": cost_of(lambda: exhaust(frames_of(stages)), self.num_frames),
            "preprocess": cost_of(
                lambda: exhaust(self._segmenter(Channel.of(*self._batches))),
                self.num_frames,
            ),
        }
        pending: list[Pending] = []
        engine = self._workload.engine
        costs["network"] = cost_of(
            lambda: pending.extend(submit_all(engine, self._inputs)), self.num_frames
        )
        batches = self._batches[: len(pending)]
        costs["finish"] = cost_of(
            lambda: exhaust(self._finish(batches, pending)),
            sum(len(batch.frames) for batch in batches),
        )
        for branch in stages.branches:
            self._measure(branch, self._labelled, costs)
        return costs

    def _finish(
        self, batches: Sequence[Batch], pending: Sequence[Pending]
    ) -> Iterable[Segmentation]:
        inferred = map(InferredBatch, batches, pending)
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
        self, branch: Branch, items: Sequence[Segmentation], costs: dict[str, Cost]
    ) -> None:
        costs[branch.name] = cost_of(
            lambda: exhaust(branch.stage(Channel.of(*items))), self.num_frames
        )
        for behind in branch.then:
            self._measure(behind, self._behind[branch.name], costs)
