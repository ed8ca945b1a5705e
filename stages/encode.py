"""Annotated video: new pictures encoded, everything beside them copied."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer

from maskstream.models.classes import ClassTable
from maskstream.pipeline.frame import Frame, Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.stages.codecs import (
    CODECS,
    convert,
    encoder_options,
    pixel_format_for,
    tag_like,
)
from maskstream.stages.mask_track import MaskStream
from maskstream.stages.mux import add_track, encode, open_container
from maskstream.stages.parts import write_parts
from maskstream.stages.passthrough import Passthrough
from maskstream.stages.side_tracks import SideTracks

__all__ = ["VideoEncoder"]

_HEVC = ("libx265", "hevc_nvenc")


@dataclass(frozen=True, slots=True)
class VideoEncoder:
    """Encodes the pictures with the pts, rotation, shape and colour tags that they had.

    Tracks beside the pictures are copied packet by packet.
    """

    path: Path
    """Where to; the suffix names the container."""
    ledger: Ledger
    side_packets: Passthrough | None = None
    """What travels beside the pictures; None leaves it out."""
    codec: str = "h264"
    """A key of `CODECS`."""
    options: Mapping[str, str] = field(default_factory=dict)
    """The encoder's own, over those of `CODECS`."""
    threads: int = 0
    """Of the encoder; 0 lets it choose."""
    classes: ClassTable | None = None
    """Of the class ids, which then are a second track; for Matroska only."""
    reserved: Collection[Path] = ()
    """Names of other outputs."""
    sink: str = "video"

    def __call__(self, inbox: Inbox) -> Outputs:
        """Write the frame of every segmentation that ``inbox`` gives."""
        try:
            yield from write_parts(
                inbox, self.path, self._open, self.ledger, self.sink, self.reserved
            )
        finally:
            if self.side_packets is not None:
                self.side_packets.cancel()

    @contextmanager
    def _open(self, path: Path, first: Segmentation) -> Iterator[_AnnotatedFile]:
        with open_container(path, first.frame) as container:
            yield _AnnotatedFile(self, container, first.frame)


class _AnnotatedFile:
    def __init__(
        self, settings: VideoEncoder, container: OutputContainer, first: Frame
    ) -> None:
        codec = CODECS[settings.codec]
        self._settings = settings
        self._container = container
        self._stream = first.stream
        self._pix_fmt = pixel_format_for(codec, first.picture)
        self._video = add_track(
            container,
            codec.encoder,
            self._pix_fmt,
            first.format,
            encoder_options(codec, settings.options),
            settings.threads,
        )
        tag_like(self._video.codec_context, convert(first.picture, self._pix_fmt))
        if codec.encoder in _HEVC and container.format.name in ("mp4", "mov"):
            self._video.codec_context.codec_tag = "hvc1"  # Apple's players want it
        self._masks: MaskStream | None = None
        if settings.classes is not None:
            self._masks = MaskStream(container, first.format, settings.classes)
        self._mask_packets: deque[av.Packet[Any]] = deque()
        self._side: SideTracks | None = None
        if settings.side_packets is not None:
            self._side = SideTracks(
                container, first, settings.side_packets, settings.ledger
            )
        self._least_pts = first.pts
        self._durations: dict[int, int] = {}  # by pts, of what the encoder holds back
        container.start_encoding()

    def write(self, item: Segmentation) -> None:
        frame = item.frame
        if frame.pts < self._least_pts:
            self._settings.ledger.noted(self._stream, "pts_moved")
        pts = max(frame.pts, self._least_pts)
        self._least_pts = pts + 1
        self._durations[pts] = frame.duration
        if self._masks is not None:
            self._mask_packets.extend(self._masks.encode(item, pts))
        picture = convert(frame.picture, self._pix_fmt)
        self._mux(encode(self._video, picture, frame, pts))

    def flush(self) -> None:
        self._mux(self._video.encode(None))
        self._container.mux(self._mask_packets)
        if self._side is not None:
            self._side.mux_rest()

    def _mux(self, packets: list[av.Packet[Any]]) -> None:
        """Mux video, and before each packet of it whatever is to be decoded earlier."""
        for packet in packets:
            assert packet.dts is not None
            decoded_at = packet.dts
            while self._mask_packets and (self._mask_packets[0].dts or 0) <= decoded_at:
                self._container.mux_one(self._mask_packets.popleft())
            if self._side is not None:
                self._side.mux_until(float(decoded_at * packet.time_base))
            assert packet.pts is not None
            packet.duration = self._durations.pop(packet.pts, packet.duration or 0)
            self._container.mux_one(packet)
            self._settings.ledger.written(self._stream, self._settings.sink)
