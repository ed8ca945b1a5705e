"""The graph of a run: which stage follows which, and how much may wait between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskstream.models.classes import ClassTable
from maskstream.models.engines import Engine
from maskstream.pipeline.channel import Overflow
from maskstream.pipeline.clock import Clock
from maskstream.pipeline.config import Policy, RunConfig
from maskstream.pipeline.frame import Frame, Segmentation
from maskstream.pipeline.graph import Flow, Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.link import Link
from maskstream.pipeline.metrics import Metrics
from maskstream.pipeline.plan import StreamPlan
from maskstream.pipeline.streams import Streams
from maskstream.stages.annotate import Annotator
from maskstream.stages.collect import Collector
from maskstream.stages.decode import Decoder
from maskstream.stages.encode import VideoEncoder
from maskstream.stages.finish import Finisher
from maskstream.stages.mask_png import PaletteImages
from maskstream.stages.mask_track import MaskTrack
from maskstream.stages.network_input import network_size
from maskstream.stages.passthrough import Passthrough
from maskstream.stages.records import Records
from maskstream.stages.segment import Segmenter

__all__ = ["Assembler"]

# One frame in each stage's hand, and this many between two of them: enough that neither
# waits for the other's slower moments, little enough that 4K stays within memory.
_CAPACITY = 4
_MAX_BYTES = 128 * 2**20  # fewer where pictures are huge: four of 8K weigh 200 MB


@dataclass(frozen=True, slots=True, eq=False)
class Assembler:
    """What every stream of a run shares, and how their graph is built."""

    config: RunConfig
    engine: Engine
    classes: ClassTable
    ledger: Ledger
    metrics: Metrics
    clock: Clock
    reserved: frozenset[Path]
    """Every file that the run is to write, whatever its graph."""

    def build(self, plans: Sequence[StreamPlan]) -> Streams:
        """Join the streams of ``plans`` at one network and part them again."""
        hub = Hub(_stream_of, clock=self.clock)
        pipelines = [self._stream(plan, hub) for plan in plans]
        return Streams(hub, self._shared(hub), pipelines)

    def _shared(self, hub: Hub) -> Pipeline:
        pipeline = Pipeline(clock=self.clock)
        (
            pipeline.gather(hub, "collect", self._collector())
            .then("segment", Segmenter(self.engine), Link(capacity=1))
            .then(
                "finish",
                Finisher(self.clock, self.metrics.observe_latency),
                Link(capacity=1),  # bounds what the device holds
            )
            .back(hub)
        )
        return pipeline

    def _stream(self, plan: StreamPlan, hub: Hub) -> Pipeline:
        self.ledger.open(plan.stream, tuple(plan.outputs))
        around = None if plan.video is None else Passthrough(plan.stream, self.ledger)
        pipeline = Pipeline(stream=plan.stream, clock=self.clock)
        decoded = pipeline.source("decode", self._decoder(plan, around))
        labelled = decoded.through(hub, self._link_after(plan))
        self._add_sinks(labelled, plan, around)
        return pipeline

    def _decoder(self, plan: StreamPlan, around: Passthrough | None) -> Decoder:
        return Decoder(
            plan.source,
            plan.stream,
            self.ledger,
            self.clock,
            passthroughs=() if around is None else (around,),
            start_s=self.config.start,
            duration_s=self.config.duration,
        )

    def _link_after(self, plan: StreamPlan) -> Link:
        """Say what happens after the decoder: the only place that may drop a frame."""
        policy = self.config.policy
        if policy is Policy.AUTO:
            policy = Policy.FRESHEST if plan.source.is_live else Policy.EVERY_FRAME
        if policy is Policy.EVERY_FRAME:
            return _link()

        def drop(frame: Frame) -> None:
            self.ledger.dropped(frame.stream, stage="decode", reason="queue_full")

        return _link(Overflow.DROP_OLDEST, drop)

    def _collector(self) -> Collector:
        size_hw = self.config.model.size
        max_size = self.config.batch.max_size

        def choose_size(frame: Frame) -> tuple[int, int]:
            form = frame.format
            return size_hw or network_size(form.height, form.width, form.rotation)

        if max_size is None:
            max_size = 8 if self.engine.device.startswith("cuda") else 1
        return Collector(
            choose_size,
            max_size,
            self.config.batch.linger if max_size > 1 else 0.0,
            self.metrics.observe_batch,
        )

    def _add_sinks(
        self, labelled: Flow, plan: StreamPlan, around: Passthrough | None
    ) -> None:
        config, ledger = self.config, self.ledger
        link = _link()
        if plan.video is not None:
            overlay, video = config.overlay, config.video
            labelled.then(
                "annotate",
                Annotator(
                    self.classes,
                    alpha=overlay.alpha,
                    hidden=frozenset(overlay.hide),
                    contours=overlay.contours,
                    legend=overlay.legend,
                    status=overlay.status,
                    clock=self.clock,
                ),
                link,
            ).then(
                "encode",
                VideoEncoder(
                    plan.video,
                    ledger,
                    side_packets=around,
                    codec=video.codec,
                    options=video.options,
                    classes=self.classes if video.mask_track else None,
                    reserved=self.reserved,
                ),
                link,
            )
        if plan.mask is not None:
            labelled.then(
                "mask",
                MaskTrack(plan.mask, self.classes, ledger, self.reserved),
                link,
            )
        if plan.images is not None:
            labelled.then(
                "images",
                PaletteImages(plan.images, self.classes, ledger),
                link,
            )
        if plan.records is not None:
            record = config.record
            labelled.then(
                "records",
                Records(
                    plan.records,
                    self.classes,
                    ledger,
                    masks=record.rle,
                    objects=record.objects,
                    min_area=record.min_area,
                ),
                link,
            )


def _link(
    overflow: Overflow = Overflow.BLOCK, on_drop: Callable[[Any], None] | None = None
) -> Link:
    return Link(_CAPACITY, overflow, on_drop, _MAX_BYTES, _num_bytes)


def _num_bytes(item: Frame | Segmentation) -> int:
    """Weigh the planes of a picture; labels weigh little beside them."""
    frame = item.frame if isinstance(item, Segmentation) else item
    return sum(plane.buffer_size for plane in frame.picture.planes)


def _stream_of(segmentation: Segmentation) -> str:
    return segmentation.frame.stream
