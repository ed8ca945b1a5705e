"""Keyframes that FFmpeg has taken apart, put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import av
from av.packet import Packet

__all__ = ["join_keyframes"]

_START = b"\0\0\1"
_PADDING = bytes(64)  # what FFmpeg's readers may look at behind the end, and more


def join_keyframes(packets: Iterable[Packet[Any]], codec: str) -> Iterator[Packet[Any]]:
    """Join each keyframe of H.264 or H.265 that comes in several packets.

    A sender may repeat the parameter sets before each slice of a keyframe, as that of
    GStreamer does. FFmpeg takes them for the beginning of another picture, as they
    should be (H.264, 7.4.1.2.3), and the decoder fills up what each part leaves out
    without a word.

    To see whether more of it comes, a keyframe is held back until the next packet is
    there: the first one, and all of a sender that was found to do so. Before it is, a
    part without its beginning is marked as corrupt.
    """
    begins = _begins(codec)
    if begins is None:
        yield from packets
        return
    is_split = True  # may be
    parts: list[Packet[Any]] = []
    try:
        for packet in packets:
            is_keyframe = packet.is_keyframe and packet.size > 0
            is_part = is_keyframe and not begins(bytes(packet))
            if parts and is_part:
                parts.append(packet)
                continue
            if parts:
                is_split = len(parts) > 1
                yield _joined(parts)
                parts = []
            if is_part:
                packet.is_corrupt = is_split = True
            if is_split and is_keyframe and not is_part:
                parts = [packet]
            else:
                yield packet
    except av.FFmpegError:
        if parts:  # who reads on does not miss it
            yield _joined(parts)
        raise


def _begins(codec: str) -> Callable[[bytes], bool] | None:
    return {"h264": _h264_begins, "hevc": _hevc_begins}.get(codec)


def _h264_begins(packet: bytes) -> bool:
    for at in _units(packet):
        if packet[at] & 0x1F in {1, 5}:  # a slice, and of a keyframe
            # first_mb_in_slice is 0, which ue(v) writes as a single 1 (7.3.3)
            return bool(packet[at + 1] & 0x80)
    return True


def _hevc_begins(packet: bytes) -> bool:
    for at in _units(packet):
        if packet[at] >> 1 & 0x3F < 32:  # a slice
            return bool(packet[at + 2] & 0x80)  # first_slice_segment_in_pic_flag
    return True


def _units(packet: bytes) -> Iterator[int]:
    """Find where the NAL units begin that are longer than their headers."""
    at = packet.find(_START)
    while -1 < at < len(packet) - 5:
        yield at + 3
        at = packet.find(_START, at + 3)


def _joined(parts: list[Packet[Any]]) -> Packet[Any]:
    first = parts[0]
    if len(parts) == 1:
        return first
    whole: Packet[Any] = Packet(b"".join([*map(bytes, parts), _PADDING]))
    whole.stream = first.stream
    whole.time_base = first.time_base
    whole.is_keyframe = True
    whole.is_corrupt = any(part.is_corrupt for part in parts)
    # FFmpeg knows no time of the very first packet, and knows that of its other parts.
    whole.pts = next((one.pts for one in parts if one.pts is not None), None)
    whole.dts = next((one.dts for one in parts if one.dts is not None), None)
    whole.duration = first.duration
    return whole
