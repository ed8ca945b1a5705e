"""H.264 for viewers who are watching now: no delay, a keyframe when it is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from maskstream.stages.codecs import tag_like
from maskstream.stages.publishing.wire import TICKS_PER_S

__all__ = ["Encoding", "LiveEncoder"]

_NEVER = 1 << 20  # pictures until the encoder would make a keyframe by itself


@dataclass(frozen=True, slots=True)
class Encoding:
    """How pictures are encoded. Quality is constant until the bit rate is reached."""

    codec: str = "h264"
    """``h264`` (x264) or ``h264_nvenc``."""
    preset: str | None = None
    """The encoder's own; None takes its fastest."""
    crf: int = 23
    max_bitrate: int = 4_000_000
    """Bits a second."""
    options: Mapping[str, str] | None = None
    """The encoder's own, over those chosen here."""

    @property
    def _is_x264(self) -> bool:
        return self.codec == "h264"

    @property
    def encoder(self) -> str:
        """FFmpeg's name of it."""
        return "libx264" if self._is_x264 else self.codec

    @property
    def encoder_options(self) -> dict[str, str]:
        """What the encoder is to be told."""
        quality = str(self.crf)
        if self._is_x264:
            # Measured on a 720p motorway, one core: ultrafast takes 0.65 of superfast's
            # time and 0.4 of veryfast's, for a tenth and a quarter more bits.
            own = {"preset": "ultrafast", "tune": "zerolatency", "crf": quality}
        else:
            own = {"preset": "p1", "tune": "ull", "zerolatency": "1", "delay": "0"}
            own |= {"rc": "vbr", "cq": quality, "forced-idr": "1"}
        if self.preset is not None:
            own["preset"] = self.preset
        rate = str(self.max_bitrate)
        return {**own, "maxrate": rate, "bufsize": rate, **(self.options or {})}


class LiveEncoder:
    """Encodes pictures of one size; each packet is a picture, without reordering.

    Parameter sets come before each keyframe, as Annex B of H.264 has it.

    Raises:
        av.FFmpegError: The encoder cannot be opened.
    """

    def __init__(
        self,
        encoding: Encoding,
        first: av.VideoFrame,
        rate: Fraction | None,
    ) -> None:
        """Open the encoder.

        Args:
            encoding: How to encode.
            first: Has the size and the colours of all that follow.
            rate: Pictures a second to expect, which the limit of the bit rate is
                reckoned with; times are those that each picture gets.
        """
        context: Any = av.CodecContext.create(encoding.encoder, "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height = first.width, first.height
        context.pix_fmt = first.format.name
        context.time_base = Fraction(1, TICKS_PER_S)
        context.framerate = rate or Fraction(25)
        context.gop_size = _NEVER
        context.max_b_frames = 0
        # Threads for frames would hold frames back; of those for slices, viewers behind
        # a relay get wrong pictures (measured: GStreamer's, at each keyframe).
        context.thread_count = 1
        context.options = encoding.encoder_options
        tag_like(context, first)
        context.open()
        self._context = context

    def encode(
        self, picture: av.VideoFrame, pts: int, *, is_keyframe: bool
    ) -> list[av.Packet[Any]]:
        """Encode a picture of one's own at ``pts``, in ticks."""
        picture.pts, picture.time_base = pts, self._context.time_base
        picture.pict_type = PictureType.I if is_keyframe else PictureType.NONE
        packets: list[av.Packet[Any]] = self._context.encode(picture)
        return packets

    def flush(self) -> list[av.Packet[Any]]:
        """Return what is held back, which without NVENC is nothing."""
        packets: list[av.Packet[Any]] = self._context.encode(None)
        return packets
