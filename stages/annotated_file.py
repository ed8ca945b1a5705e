"""An annotated file being written: new pictures, and in order what is beside them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import av
from av.container import OutputContainer

from maskstream.models.classes import ClassTable
from maskstream.pipeline.frame import Frame, Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.codecs import (
    CODECS,
    convert,
    encoder_options,
    pixel_format_for,
    tag_like,
)
from maskstream.stages.mask_track import MaskStream
from maskstream.stages.mux import add_track, encode
from maskstream.stages.passthrough import Passthrough
from maskstream.stages.side_tracks import SideTracks

__all__ = ["AnnotatedFile"]

_HEVC = ("libx265", "hevc_nvenc")
_ISO = ("mp4", "mov")


class AnnotatedFile:
    """Encodes the pictures of a stream that begins with ``first`` into ``container``.

    Args:
        container: As `open_container` gives it.
        first: Its format is that of all.
        ledger: Counts each frame whose packet the container has taken.
        sink: The sink's name there.
        codec: A key of `CODECS`.
        options: The encoder's own, over those of `CODECS`.
        threads: Of the encoder; 0 lets it choose.
        classes: Of the class ids, which then are a second track; for Matroska only.
        side_packets: What travels beside the pictures; None leaves it out.
    """

    def __init__(
        self,
        container: OutputContainer,
        first: Frame,
        *,
        ledger: Ledger,
        sink: str,
        codec: str,
        options: Mapping[str, str],
        threads: int = 0,
        classes: ClassTable | None = None,
        side_packets: Passthrough | None = None,
    ) -> None:
        self.num_written = 0
        self._ledger = ledger
        self._sink = sink
        self._container = container
        self._stream = first.stream
        video_codec = CODECS[codec]
        self._pix_fmt = pixel_format_for(video_codec, first.picture)
        self._video = add_track(
            container,
            video_codec.encoder,
            self._pix_fmt,
            first.format,
            encoder_options(video_codec, options),
            threads,
        )
        tag_like(self._video.codec_context, convert(first.picture, self._pix_fmt))
        if video_codec.encoder in _HEVC and container.format.name in _ISO:
            self._video.codec_context.codec_tag = "hvc1"  # Apple's players want it
        self._masks: MaskStream | None = None
        if classes is not None:
            self._masks = MaskStream(container, first.format, classes)
        self._mask_packets: deque[av.Packet[Any]] = deque()
        self._side: SideTracks | None = None
        if side_packets is not None:
            self._side = SideTracks(container, first, side_packets, ledger)
        self._least_pts = first.pts
        self._end_pts = first.pts
        self._durations: dict[int, int] = {}  # by pts, of what the encoder holds back
        if self._pix_fmt != "cuda":  # else with the first packet: before it is opened
            container.start_encoding()  # the encoder must have seen whose memory it is

    def write(self, item: Segmentation) -> None:
        """Encode one item; a pts that does not rise is moved, and noted."""
        frame = item.frame
        if frame.pts < self._least_pts:
            self._ledger.noted(self._stream, "pts_moved")
        pts = max(frame.pts, self._least_pts)
        self._least_pts = pts + 1
        self._durations[pts] = frame.duration
        self._end_pts = pts + max(frame.duration, 1)
        if self._masks is not None:
            self._mask_packets.extend(self._masks.encode(item, pts))
        picture = convert(frame.picture, self._pix_fmt)
        self._mux(encode(self._video, picture, frame, pts))

    def flush(self) -> None:
        """Write what the encoder has held back, and the rest of what is beside."""
        packets = self._video.encode(None)
        if packets and self._container.format.name in _ISO:
            # FFmpeg takes the end of the last fragment's packets for that of the video.
            # Where the picture shown last is not among them, its edit list cuts it off.
            last = packets[-1].pts
            assert last is not None
            self._durations[last] = self._end_pts - last
        self._mux(packets)
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
            self.num_written += 1
            self._ledger.written(self._stream, self._sink)
