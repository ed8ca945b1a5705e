"""The graph of a run: which stage follows which, for every stream that was planned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from maskstream.models.classes import ClassTable
from maskstream.models.engines import Engine
from maskstream.models.engines.cores import available_cores
from maskstream.pipeline.clock import Clock
from maskstream.pipeline.config import OverlayConfig, Policy, RunConfig
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics
from maskstream.pipeline.plan import StreamPlan
from maskstream.pipeline.shared_stages import (
    MAX_LIVE_TAKES,
    SharedStages,
    network_sizes,
    stream_of,
)
from maskstream.pipeline.stream_stages import Branch, StreamStages
from maskstream.pipeline.streams import Streams
from maskstream.pipeline.threads import ThreadBudget, plan_threads
from maskstream.stages.annotate import Annotator
from maskstream.stages.decode import Decoder
from maskstream.stages.encode import VideoEncoder
from maskstream.stages.mask_png import PaletteImages
from maskstream.stages.mask_track import MaskTrack
from maskstream.stages.nvdec import Nvdec, check_nvdec
from maskstream.stages.passthrough import Passthrough
from maskstream.stages.records import Records

__all__ = ["Assembler", "annotator"]


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
            stream_of, max_takes=MAX_LIVE_TAKES if is_live else None, clock=self.clock
        )
        streams = [self.stream(plan, len(plans)) for plan in plans]
        for stream in streams:
            self.ledger.open(stream.stream, stream.sinks)
        shared = SharedStages(
            self.engine,
            network_sizes(self.config.model),
            self.config.batch,
            self.config.overload,
            self.ledger,
            self.metrics,
            self.clock,
        )
        pipelines = [stream.build(hub) for stream in streams]
        return Streams(hub, shared.build(hub), pipelines)

    def stream(self, plan: StreamPlan, num_streams: int = 1) -> StreamStages:
        """Make the stages of one stream, which `build` would join."""
        around = None if plan.video is None else Passthrough(plan.stream, self.ledger)
        threads = plan_threads(
            available_cores(),
            num_streams=num_streams,
            is_network_on_cpu=self.engine.device == "cpu",
        )
        return StreamStages(
            plan.stream,
            Decoder(
                plan.source,
                plan.stream,
                self.ledger,
                self.clock,
                passthroughs=() if around is None else (around,),
                start_s=self.config.start,
                duration_s=self.config.duration,
                threads=self.config.decoder_threads or threads.decoder,
                nvdec=self._nvdec(plan),
            ),
            tuple(self._branches(plan, around, threads)),
            self.ledger,
            self.clock,
            is_fresh=self._is_fresh(plan),
            is_held=self.config.overload.hold,
        )

    def _nvdec(self, plan: StreamPlan) -> Nvdec | None:
        """Say what decodes instead of the CPU; docs/gpu.md has the reasons."""
        decoder, device = self.config.decoder, self.engine.device
        if decoder == "auto":
            is_file = plan.source.path is not None
            stays = plan.video is None or self._paints_on_device
            is_wanted = is_file and stays and device.startswith("cuda")
            decoder = "nvdec" if is_wanted and _has_nvdec(device) else "software"
        if decoder == "software":
            return None
        return Nvdec(plan.stream, device if device.startswith("cuda") else "cuda:0")

    @property
    def _paints_on_device(self) -> bool:
        """What is decoded on the device is painted and encoded there, too."""
        overlay = self.config.overlay
        has_panels = overlay.legend or overlay.status
        return self.config.video.codec.endswith("_nvenc") and not has_panels

    def _is_fresh(self, plan: StreamPlan) -> bool:
        """Whether the stream is to stay fresh rather than whole."""
        policy = self.config.policy
        if policy is Policy.AUTO:
            return plan.source.is_live
        return policy is Policy.FRESHEST

    def _branches(
        self, plan: StreamPlan, around: Passthrough | None, threads: ThreadBudget
    ) -> Iterator[Branch]:
        config, ledger = self.config, self.ledger
        if plan.video is not None:
            video = config.video
            encoder = VideoEncoder(
                plan.video,
                ledger,
                side_packets=around,
                codec=video.codec,
                options=video.options,
                classes=self.classes if video.mask_track else None,
                reserved=self.reserved,
                threads=video.threads or threads.encoder,
            )
            painter = replace(
                annotator(config.overlay, self.classes, self.clock),
                stays_on_device=self._paints_on_device,
            )
            encode = Branch("encode", encoder, "video")
            yield Branch("annotate", painter, then=(encode,))
        if plan.mask is not None:
            track = MaskTrack(plan.mask, self.classes, ledger, self.reserved)
            yield Branch("mask", track, "mask")
        if plan.images is not None:
            images = PaletteImages(plan.images, self.classes, ledger)
            yield Branch("images", images, "images")
        if plan.records is not None:
            record = config.record
            records = Records(
                plan.records,
                self.classes,
                ledger,
                masks=record.rle,
                objects=record.objects,
                min_area=record.min_area,
            )
            yield Branch("records", records, "records")


def _has_nvdec(device: str) -> bool:
    try:
        check_nvdec(device)
    except ConfigError:
        return False
    return True


def annotator(overlay: OverlayConfig, classes: ClassTable, clock: Clock) -> Annotator:
    """Make the stage that paints as the settings say."""
    return Annotator(
        classes,
        alpha=overlay.alpha,
        hidden=frozenset(overlay.hide),
        contours=overlay.contours,
        legend=overlay.legend,
        status=overlay.status,
        clock=clock,
    )
