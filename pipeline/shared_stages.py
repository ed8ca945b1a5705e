"""The stages that all streams share: collect, segment, finish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maskstream.models.engines import Engine
from maskstream.pipeline.clock import Clock
from maskstream.pipeline.config import BatchConfig, ModelConfig, OverloadConfig
from maskstream.pipeline.frame import Batch, Frame, Segmentation
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.link import Link
from maskstream.pipeline.metrics import Metrics
from maskstream.stages.collect import Collector
from maskstream.stages.finish import Finisher
from maskstream.stages.network_input import network_size
from maskstream.stages.segment import Segmenter

__all__ = [
    "MAX_LIVE_TAKES",
    "NetworkSize",
    "SharedStages",
    "batch_limit",
    "network_sizes",
    "stream_of",
]

# Takes of live streams that may be on their way: the device works on one while the next
# is made ready. A third would only wait inside, where it can no longer be dropped.
MAX_LIVE_TAKES = 2

NetworkSize = Callable[[Frame], tuple[int, int]]
"""Height and width of the network's input for a frame."""


@dataclass(frozen=True, slots=True, eq=False)
class SharedStages:
    """What all streams go through between their decoders and their sinks."""

    engine: Engine
    network_size: NetworkSize
    batch: BatchConfig
    overload: OverloadConfig
    ledger: Ledger
    metrics: Metrics
    clock: Clock
    on_batch: Callable[[Batch], None] = lambda _: None
    """Told each batch."""

    def build(self, hub: Hub) -> Pipeline:
        """Take from the streams of ``hub`` and give back to them."""
        pipeline = Pipeline(clock=self.clock)
        (
            pipeline.gather(hub, "collect", self._collector(hub))
            .then("segment", Segmenter(self.engine), Link(capacity=1))
            .then(
                "finish",
                Finisher(self.clock, self.metrics.observe_latency),
                Link(capacity=1),  # bounds what the device holds
            )
            .back(hub)
        )
        return pipeline

    def _collector(self, hub: Hub) -> Collector:
        def drop(frame: Frame) -> None:
            self.ledger.dropped(frame.stream, stage="collect", reason="stale")
            hub.discard(frame.stream)

        max_size = batch_limit(self.batch, self.engine)
        return Collector(
            self.network_size,
            max_size,
            self.batch.linger if max_size > 1 else 0.0,
            max_staleness_s=self.overload.max_staleness,
            on_stale=drop,
            on_batch=self._note_batch,
            on_take=self.metrics.observe_take,
            clock=self.clock,
        )

    def _note_batch(self, batch: Batch) -> None:
        self.on_batch(batch)
        self.metrics.observe_batch(batch)
        now = self.clock()
        for frame, held in zip(batch.frames, batch.held, strict=True):
            self.metrics.observe_staleness(frame, now - frame.decoded_at)
            if held:
                self.ledger.noted(frame.stream, "held_frames", len(held))


def batch_limit(batch: BatchConfig, engine: Engine) -> int:
    """Say how many frames one pass takes at most, on this engine."""
    if batch.max_size is not None:
        return batch.max_size
    return 8 if engine.device.startswith("cuda") else 1


def network_sizes(model: ModelConfig) -> NetworkSize:
    """Give every frame the size that was asked for, or one of its own shape."""

    def choose(frame: Frame) -> tuple[int, int]:
        form = frame.format
        return model.size or network_size(form.height, form.width, form.rotation)

    return choose


def stream_of(segmentation: Segmentation) -> str:
    """Tell the hub whose a finished frame is."""
    return segmentation.frame.stream
