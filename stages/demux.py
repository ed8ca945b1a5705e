"""From packets to pictures: what can be decoded is, what cannot is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from maskstream.stages.error_budget import ErrorBudget

__all__ = ["demux_packets", "demux_pictures"]


def demux_pictures(
    container: InputContainer,
    video: VideoStream,
    beside: Sequence[Stream],
    decode: Callable[[Packet[Any]], list[av.VideoFrame]],
    deliver: Callable[[Packet[Any]], None],
    budget: ErrorBudget,
) -> Iterator[av.VideoFrame]:
    """Decode the pictures of ``video``, in the order in which they are shown.

    Its packets go to ``decode``, those of the streams ``beside`` it to ``deliver`` as
    they come. Damage costs what it damaged: reading goes on behind it, as far as the
    file goes.

    Raises:
        SourceError: The budget is spent.
        av.FFmpegError: The input cannot be read on.
    """
    for packet in demux_packets(container, [video, *beside], budget):
        if packet.stream is not video:  # the index of the last, empty ones is 0
            deliver(packet)
            continue
        if packet.is_corrupt:
            budget.note("corrupt_packets")
        try:
            pictures = decode(packet)
        except av.FFmpegError as error:
            budget.spend("corrupt_packets", error)
            continue
        for picture in pictures:
            budget.renew()
            if picture.is_corrupt:
                budget.note("corrupt_frames")
            yield picture


def demux_packets(
    container: InputContainer, streams: Sequence[Stream], budget: ErrorBudget
) -> Iterator[Packet[Any]]:
    """Yield the packets of ``streams``, those behind damage too.

    The last packet of each stream is empty and gives what its decoder holds back.

    Raises:
        SourceError: The budget is spent.
        av.FFmpegError: The input cannot be read on.
    """
    while True:
        try:
            yield from container.demux(*streams)
            return
        except IndexError:
            # PyAV 18, at the end of MPEG-TS: last of all it flushes the streams that
            # appeared on the way, which it does not know.
            return
        except (av.error.InvalidDataError, av.error.MemoryError) as error:
            # The demuxer stands behind the damage (to the second, a packet that claims
            # to be huge) and can be asked again.
            budget.spend("corrupt_packets", error)
