"""Containers being written: exact in time, and playable when they are cut off.

MP4 and MOV grow by fragments of a second, so that a kill loses hardly more; closing
them adds the index of a plain file (FFmpeg's ``hybrid_fragmented``). Matroska grows by
clusters of a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from maskstream.pipeline.frame import Frame, StreamFormat

__all__ = ["CONTAINERS", "add_track", "encode", "open_container"]

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""FFmpeg's muxer by suffix."""

_TAGS_OF_THE_CONTAINER = {
    "major_brand",
    "minor_version",
    "compatible_brands",
    "encoder",
    "duration",
}


@contextmanager
def open_container(path: Path, first: Frame) -> Iterator[OutputContainer]:
    """Open a container for a stream that begins with ``first``, and close it.

    The tags and chapters of the source go with it. Its streams are still to be added.
    """
    container = av.open(
        str(path),
        "w",
        format=CONTAINERS[path.suffix.lower()],
        container_options=_muxer_options(path, first),
    )
    with container:
        container.metadata.update(
            (name, text)
            for name, text in first.format.metadata.items()
            if name.lower() not in _TAGS_OF_THE_CONTAINER
        )
        container.set_chapters(list(first.format.chapters))
        yield container


def add_track(
    container: OutputContainer,
    encoder: str,
    pix_fmt: str,
    fmt: StreamFormat,
    options: Mapping[str, str],
    threads: int = 0,
) -> VideoStream:
    """Add a track of pictures in the size, shape, rotation and time base of ``fmt``."""
    stream = container.add_stream(
        encoder, rate=fmt.average_rate or 25, options=dict(options)
    )
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = fmt.width, fmt.height, pix_fmt
    context.sample_aspect_ratio = fmt.sample_aspect_ratio
    context.time_base = fmt.time_base
    context.flags |= av.codec.context.Flags.frame_duration
    context.thread_count = threads
    context.thread_type = "FRAME"  # PyAV's default asks x264 for sliced threads
    stream.time_base = fmt.time_base
    if fmt.rotation:
        stream.set_display_rotation(fmt.rotation)
    return stream


def encode(
    stream: VideoStream, picture: av.VideoFrame, frame: Frame, pts: int
) -> list[av.Packet[Any]]:
    """Encode a picture at ``pts``, for as long as ``frame`` lasts."""
    picture.pts, picture.time_base = pts, frame.format.time_base
    picture.duration = frame.duration
    picture.pict_type = 0  # the decoder's I, P and B would bind the encoder
    return stream.encode(picture)


def _muxer_options(path: Path, first: Frame) -> dict[str, str]:
    options = {
        "flush_packets": "1",
        # Packets come in order; waiting for the next subtitle would hold them back.
        "max_interleave_delta": "1000000",
    }
    starts_before_zero = first.pts < 0
    if CONTAINERS[path.suffix.lower()] == "matroska":
        options["cluster_time_limit"] = "1000"
        # It has no times below zero. One that audio begins with costs that packet its
        # pts; the pictures need theirs, so then all tracks are moved to zero together.
        options["avoid_negative_ts"] = "auto" if starts_before_zero else "disabled"
        return options
    # delay_moov keeps the header back until the first fragment is known: without it,
    # B-frames and a late start shift every pts.
    flags = "frag_keyframe+delay_moov+default_base_moof"
    if not starts_before_zero:  # players of a plain file cut off what is before zero
        flags += "+hybrid_fragmented"
    return {
        **options,
        "movflags": flags,
        "frag_duration": "1000000",
        "movie_timescale": str(_movie_timescale(first.format)),
    }


def _movie_timescale(fmt: StreamFormat) -> int:
    """Find the unit of the edit lists, in which every track can begin exactly."""
    time_bases = [fmt.time_base, *(side.time_base for side in fmt.side_streams)]
    scale = math.lcm(*(Fraction(base).denominator for base in time_bases))
    return scale if scale < 2**31 else fmt.time_base.denominator
