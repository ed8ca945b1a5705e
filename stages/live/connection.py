"""One connection to a source: its pictures, from the first keyframe to the loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import av
from av.packet import Packet

from maskstream.pipeline.clock import Clock
from maskstream.pipeline.errors import SourceError
from maskstream.stages.demux import demux_packets
from maskstream.stages.error_budget import ErrorBudget
from maskstream.stages.live.jpegs import JpegEnds
from maskstream.stages.live.keyframes import join_keyframes
from maskstream.stages.live.losses import PacketLosses
from maskstream.stages.live.pulse import Pulse
from maskstream.stages.live.reasons import Reason, reason_of
from maskstream.stages.live.sender_clock import SenderClock
from maskstream.stages.opening import OpenVideo
from maskstream.stages.source_errors import source_error

__all__ = ["Connection", "SourceLostError"]

_MAX_GATED = 1000  # packets, of which one should have been a keyframe
_NUM_PERIODS = 5


class SourceLostError(SourceError):
    """A live source is away, for a reason."""

    def __init__(self, sentence: str, reason: Reason) -> None:
        super().__init__(sentence)
        self.reason = reason


@dataclass(slots=True, eq=False)
class Connection:
    """Decodes what an open source gives, and tells why it gives no more.

    Nothing is decoded before the first keyframe, nor from damage or a gap to the next
    one: what it would be predicted from is not there. It is counted in packets, as
    ``wait_keyframe``: no picture has left the decoder. Nor are JPEGs that end in the
    middle (``cut_jpegs``).
    """

    opened: OpenVideo
    budget: ErrorBudget
    clock: Clock
    stall_after_s: float
    """Seconds without a new frame, and at least five frame periods."""
    losses: PacketLosses
    pulse: Pulse
    sender_clock: SenderClock
    _jpeg_ends: JpegEnds = field(default_factory=JpegEnds)
    _has_keyframes: bool = field(init=False)
    _is_gated: bool = field(init=False)
    _knows_keyframes: bool = False
    _num_gated: int = 0
    _num_missed: int = 0
    _last_s: float = 0.0
    _period_s: float = 0.0
    _is_resumable: bool = field(init=False)
    _is_rtp: bool = field(init=False)

    def __post_init__(self) -> None:
        self._last_s = self.clock()
        codec = self.opened.video.codec_context.codec
        # FFmpeg's own pictures (lavfi) are whole and are not said to be keyframes.
        self._has_keyframes = not codec.intra_only and codec.name != "wrapped_avframe"
        self._is_gated = self._has_keyframes
        self._is_resumable = "rtsp" in self.opened.container.format.name
        self._is_rtp = self.opened.container.format.name in {"rtsp", "rtp", "sdp"}

    def pictures(self) -> Iterator[av.VideoFrame]:
        """Yield the pictures in the order in which they are shown.

        Raises:
            SourceLostError: Always, in the end.
        """
        source = self.opened.source
        while True:
            try:
                yield from self._decode()
            except av.error.TimeoutError as error:
                # What a read over RTSP had to wait for may still come.
                if not self._is_resumable or self._silent_s() >= self._limit_s():
                    raise self._stalled() from error
            except av.FFmpegError as error:
                cause = source_error(source, error)
                cause.__cause__ = error
                raise SourceLostError(str(cause), reason_of(cause)) from error
            except SourceLostError:
                raise
            except SourceError as error:  # the budget is spent
                raise SourceLostError(str(error), Reason.CORRUPT) from error
            else:
                raise SourceLostError(f"{source}: the stream has ended", Reason.EOF)

    def _decode(self) -> Iterator[av.VideoFrame]:
        video = self.opened.video
        is_jpeg = video.codec_context.codec.name == "mjpeg"
        packets = self.losses.mark(self._read())
        if self._is_rtp:
            packets = join_keyframes(packets, video.codec_context.codec.name)
        for packet in packets:
            if not self._admits(packet):
                continue
            if is_jpeg and self._jpeg_ends.is_cut_short(packet):
                self.budget.note("cut_jpegs")
                continue
            try:
                pictures = self.opened.decode(packet)
            except av.FFmpegError as error:
                self.budget.spend("corrupt_packets", error)
                self._is_gated = self._has_keyframes
                continue
            for picture in pictures:
                self.budget.renew()
                if picture.is_corrupt:
                    self.budget.note("corrupt_frames")
                    self._is_gated = self._has_keyframes
                self._see()
                yield picture
                self._last_s = self.clock()  # who takes the pictures may be slow

    def _read(self) -> Iterator[Packet[Any]]:
        """Yield the packets of the video."""
        container = self.opened.container
        # With those beside the video, so that silence of the video alone is noticed.
        packets = demux_packets(container, list(container.streams), self.budget)
        while True:
            with self.pulse.call(self.clock, self._limit_s(), Reason.STALLED):
                packet = next(packets, None)
            if packet is None:
                return
            if self._silent_s() >= self._limit_s():
                raise self._stalled()
            if packet.stream is self.opened.video:
                if packet.size:
                    self.sender_clock.take(packet)
                yield packet

    def _admits(self, packet: Packet[Any]) -> bool:
        if self.losses.num_missed > self._num_missed:
            num_new = self.losses.num_missed - self._num_missed
            self.budget.note("missed_packets", num_new)
            self._num_missed = self.losses.num_missed
        self._knows_keyframes |= packet.is_keyframe
        if packet.is_corrupt:
            self.budget.note("corrupt_packets")
            self._is_gated = self._has_keyframes
        elif packet.is_keyframe or not packet.size or self._is_in_the_dark():
            if packet.is_keyframe and self._num_gated:
                # Nothing is to be predicted from what was before the gap.
                self.opened.video.codec_context.flush_buffers()
            self._is_gated = False
            self._num_gated = 0
        if self._is_gated:
            self.budget.note("wait_keyframe")
            self._num_gated += 1
            if self._num_gated <= _MAX_GATED:
                self._last_s = self.clock()  # to connect again would bring no other
        return not self._is_gated

    def _is_in_the_dark(self) -> bool:
        """Whether the source seems never to say which packets are keyframes."""
        return self._num_gated > _MAX_GATED and not self._knows_keyframes

    def _see(self) -> None:
        now_s = self.clock()
        period_s = now_s - self._last_s
        self._period_s += (
            (period_s - self._period_s) / 8 if self._period_s else period_s
        )
        self._last_s = now_s

    def _silent_s(self) -> float:
        return self.clock() - self._last_s

    def _limit_s(self) -> float:
        return max(_NUM_PERIODS * self._period_s, self.stall_after_s)

    def _stalled(self) -> SourceLostError:
        sentence = f"{self.opened.source}: no new frame for {self._silent_s():.1f} s"
        return SourceLostError(sentence, Reason.STALLED)
