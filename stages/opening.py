"""A container that was opened, and the video in it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.errors import SourceError
from maskstream.pipeline.frame import StreamFormat
from maskstream.stages.demux import demux_pictures
from maskstream.stages.error_budget import ErrorBudget
from maskstream.stages.nvdec import Nvdec
from maskstream.stages.side_streams import SideDelivery, copy_templates, side_streams
from maskstream.stages.source import Source
from maskstream.stages.source_errors import source_error
from maskstream.stages.stream_format import describe_stream

__all__ = ["OpenVideo", "open_source"]

_GENERATE_PTS = 0x0001  # AVFMT_FLAG_GENPTS, libavformat/avformat.h
_SEEK_MARGIN_S = Fraction(1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class OpenVideo:
    """An open container and the video chosen from it."""

    source: Source
    container: InputContainer
    video: VideoStream
    templates: dict[int, Any]
    """Copies of the streams beside the video, which outlive ``container``, by the index
    of the original."""
    read_timeout_s: float
    nvdec: Nvdec | None = None
    """What decodes instead of the CPU, as far as it can."""

    @property
    def begin_s(self) -> Fraction:
        """Where the video begins, in seconds of its own clock."""
        return (self.video.start_time or 0) * self.time_base

    @property
    def time_base(self) -> Fraction:
        """Seconds in one unit of pts."""
        assert self.video.time_base is not None  # the demuxer sets it
        return self.video.time_base

    def stated_duration_s(self) -> float | None:
        """Seconds of video that the container promises; None if it promises nothing."""
        if self.video.duration is not None:
            return float(self.video.duration * self.time_base)
        clock = self.video.metadata.get("DURATION", "")  # Matroska's, h:mm:ss
        try:
            hours, minutes, seconds = clock.split(":")
            return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        except ValueError:
            return None

    def format_of(self, picture: av.VideoFrame) -> StreamFormat:
        """Describe the stream as it is from ``picture`` on."""
        return describe_stream(
            picture,
            time_base=self.time_base,
            average_rate=self.video.average_rate or self.video.guessed_rate or None,
            sample_aspect_ratio=self.video.sample_aspect_ratio,
            side_streams=tuple(self.templates.values()),
            metadata=self.container.metadata,
            chapters=tuple(self.container.chapters()),
        )

    def seek(self, seconds: Fraction) -> None:
        """Go to a keyframe before ``seconds``; stay where that is not possible."""
        # Some containers seek by dts, which runs ahead of pts where there are B-frames.
        target_s = seconds - _SEEK_MARGIN_S
        if target_s <= self.begin_s:
            return  # it is there; and a failed seek before it leaves AVI nowhere
        try:
            self.container.seek(int(target_s / self.time_base), stream=self.video)
        except av.FFmpegError:
            return  # what comes too early is decoded and left out

    def decode(self, packet: Packet[Any]) -> list[av.VideoFrame]:
        """Give a packet of the video to its decoder; return what is ready to be seen.

        Raises:
            av.FFmpegError: It cannot be decoded.
        """
        pictures = self.video.decode(packet)
        if self.nvdec is None:
            return pictures
        return [self.nvdec.settle(picture, self.video) for picture in pictures]

    def pictures(
        self, budget: ErrorBudget, side: SideDelivery
    ) -> Iterator[av.VideoFrame]:
        """Decode the pictures in the order in which they are shown.

        Raises:
            SourceError: The input cannot be read on, or the budget is spent.
        """
        indices = self.templates if side.passthroughs else ()
        beside = [self.container.streams[index] for index in indices]
        try:
            yield from demux_pictures(
                self.container, self.video, beside, self.decode, side.deliver, budget
            )
        except av.FFmpegError as error:
            is_silence = isinstance(error, av.error.ExitError | av.error.TimeoutError)
            timeout_s = self.read_timeout_s if is_silence else None
            raise source_error(self.source, error, timeout_s=timeout_s) from error


@contextmanager
def open_source(
    source: Source,
    *,
    threads: int = 1,
    open_timeout_s: float = 10.0,
    read_timeout_s: float = 10.0,
    clock: Clock = monotonic_clock,
    nvdec: Nvdec | None = None,
) -> Generator[OpenVideo, None, None]:
    """Open the container of ``source`` and choose its video, for as long as the block.

    Args:
        source: What to open; a stream of pictures is for `OpenPictures`.
        threads: Of the decoder; each but the first holds back one picture.
        open_timeout_s: How long opening over the network may take as a whole.
        read_timeout_s: How long a peer may be silent, then and while reading.
        clock: Tells a peer that did not answer from one that answered nonsense.
        nvdec: Decodes what it can.

    Raises:
        SourceError: It cannot be opened, or holds no video.
    """
    began_s = clock()
    try:
        container = av.open(
            source.url,
            format=source.format,
            options={**_socket_options(source, read_timeout_s), **source.options},
            metadata_errors="replace",
            # PyAV's own limit bounds the opening as a whole. While reading, it would
            # take the interpreter's lock each time that FFmpeg looks at the socket.
            timeout=(open_timeout_s, None) if source.is_network else None,
            hwaccel=None if nvdec is None else nvdec.accelerator(),
        )
    except av.FFmpegError as error:
        # After a silent socket some demuxers speak of invalid data (RTSP) or of an
        # error of input and output: the clock knows better.
        lasted_s = clock() - began_s if source.is_network else 0.0
        limits_s = (open_timeout_s, read_timeout_s)
        timeout_s = max((one for one in limits_s if lasted_s >= one), default=None)
        raise source_error(source, error, timeout_s=timeout_s) from error
    with container:
        # Times that FFmpeg makes up hide that the source gave none, and with B-frames
        # in AVI they do not even rise: the picture's dts is the better stand-in.
        container.flags &= ~_GENERATE_PTS
        video = _choose_video(source, container)
        video.thread_type = "AUTO"
        # NVDEC needs none; each would hold a picture and one of its surfaces.
        video.thread_count = 1 if video.codec_context.is_hwaccel else threads
        templates = copy_templates(source, side_streams(container))
        yield OpenVideo(source, container, video, templates, read_timeout_s, nvdec)


def _choose_video(source: Source, container: InputContainer) -> VideoStream:
    best = container.streams.best("video")
    if not isinstance(best, VideoStream) or best.disposition & Disposition.attached_pic:
        kinds = sorted({stream.type for stream in container.streams} - {"video"})
        found = f"only {' and '.join(kinds)}" if kinds else "nothing at all"
        raise SourceError(f"{source}: no video in it, {found}")
    if best.codec_context is None:
        raise SourceError(f"{source}: FFmpeg here has no decoder for its video")
    return best


def _socket_options(source: Source, timeout_s: float) -> dict[str, str]:
    """FFmpeg's own limit on the silence of a socket, in microseconds.

    ``timeout`` is no word for all: RTMP takes it for how long to listen for a caller.
    """
    if not source.is_network:
        return {}
    has_timeout = source.url.lower().startswith(("rtsp://", "rtsps://", "udp://"))
    return {"timeout" if has_timeout else "rw_timeout": str(round(timeout_s * 1e6))}
