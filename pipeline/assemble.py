"""The graph of a run: which stage follows which, and how much may wait between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from maskstream.models.classes import ClassTable
from maskstream.models.engines import Engine
from maskstream.pipeline.channel import Overflow
from maskstream.pipeline.clock import Clock
from maskstream.pipeline.config import Policy, RunConfig
from maskstream.pipeline.frame import Batch, Frame, Segmentation
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
_HOLD_CAPACITY = 64  # two seconds of a camera: what is older is stale long before

# Takes of live streams that may be on their way: the device works on one while the next
# is made ready. A third would only wait inside, where it can no longer be dropped.
_MAX_LIVE_TAKES = 2


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
        is_live = any(plan.source.is_live for plan in plans)
        hub = Hub(
            _stream_of, max_takes=_MAX_LIVE_TAKES if is_live else None, clock=self.clock
        )
        pipelines = [self._stream(plan, hub) for plan in plans]
        return Streams(hub, self._shared(hub), pipelines)

    def _shared(self, hub: Hub) -> Pipeline:
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

    def _is_fresh(self, plan: StreamPlan) -> bool:
        """Whether the stream is to stay fresh rather than whole."""
        policy = self.config.policy
        if policy is Policy.AUTO:
            return plan.source.is_live
        return policy is Policy.FRESHEST

    def _link_after(self, plan: StreamPlan) -> Link:
        """Say what happens after the decoder, when the network cannot keep up."""
        if not self._is_fresh(plan):
            return _link()

        def drop(frame: Frame) -> None:
            self.ledger.dropped(frame.stream, stage="decode", reason="queue_full")

        is_held = self.config.overload.hold
        return replace(
            _link(Overflow.DROP_OLDEST, drop),
            capacity=_HOLD_CAPACITY if is_held else _CAPACITY,
            is_gathered=is_held,
        )

    def _link_to(self, plan: StreamPlan, sink: str) -> Link:
        """Say what happens before a sink that cannot keep up: others are not held."""
        if not self._is_fresh(plan):
            return _link()

        def drop(segmentation: Segmentation) -> None:
            stream = segmentation.frame.stream
            self.ledger.dropped(stream, stage=sink, reason="sink_slow", sink=sink)

        # Held frames come all at once.
        return replace(_link(Overflow.DROP_OLDEST, drop), capacity=_HOLD_CAPACITY)

    def _collector(self, hub: Hub) -> Collector:
        size_hw = self.config.model.size
        max_size = self.config.batch.max_size

        def choose_size(frame: Frame) -> tuple[int, int]:
            form = frame.format
            return size_hw or network_size(form.height, form.width, form.rotation)

        def drop(frame: Frame) -> None:
            self.ledger.dropped(frame.stream, stage="collect", reason="stale")
            hub.discard(frame.stream)

        if max_size is None:
            max_size = 8 if self.engine.device.startswith("cuda") else 1
        return Collector(
            choose_size,
            max_size,
            self.config.batch.linger if max_size > 1 else 0.0,
            max_staleness_s=self.config.overload.max_staleness,
            on_stale=drop,
            on_batch=self._note_batch,
            clock=self.clock,
        )

    def _note_batch(self, batch: Batch) -> None:
        self.metrics.observe_batch(batch)
        for frame, held in zip(batch.frames, batch.held, strict=True):
            if held:
                self.ledger.noted(frame.stream, "held_frames", len(held))

    def _add_sinks(
        self, labelled: Flow, plan: StreamPlan, around: Passthrough | None
    ) -> None:
        config, ledger = self.config, self.ledger
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
                self._link_to(plan, "video"),
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
                _link(),
            )
        if plan.mask is not None:
            labelled.then(
                "mask",
                MaskTrack(plan.mask, self.classes, ledger, self.reserved),
                self._link_to(plan, "mask"),
            )
        if plan.images is not None:
            labelled.then(
                "images",
                PaletteImages(plan.images, self.classes, ledger),
                self._link_to(plan, "images"),
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
                self._link_to(plan, "records"),
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
