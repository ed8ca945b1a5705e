"""The audio, subtitle and data streams beside a video, copied and never decoded."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet

from maskstream.stages.passthrough import Passthrough
from maskstream.stages.source import Source
from maskstream.stages.timeline import Timeline
from maskstream.stages.window import Window

__all__ = ["SideDelivery", "copy_templates", "side_streams"]

_log = logging.getLogger(__name__)


_SIDE_TYPES = {"audio", "subtitle", "data", "attachment"}


def side_streams(container: InputContainer) -> list[Any]:
    """List what goes with the video; not MP4's track of chapter titles.

    That one is data of no known codec, with a packet for each chapter.
    """
    num_chapters = len(container.chapters())
    return [
        stream
        for stream in container.streams
        if stream.type in _SIDE_TYPES
        and not (num_chapters and _is_text_of_chapters(stream, num_chapters))
    ]


def _is_text_of_chapters(stream: Any, num_chapters: int) -> bool:
    name = getattr(stream, "name", None)  # damaged streams have no codec to ask
    return name == "bin_data" and stream.frames == num_chapters


def copy_templates(source: Source, streams: Iterable[Any]) -> dict[int, Any]:
    """Copy streams into a container that is never written, by their own index.

    A stream dies with the container that it was read from, and a sink asks for its
    template later than that. The index of a copy is its place in the result.
    """
    scratch = av.open(os.devnull, "w", format="null")
    templates = {}
    for stream in streams:
        try:
            template = scratch.add_stream_from_template(stream)
        except (ValueError, av.FFmpegError):  # of a kind that FFmpeg here cannot copy
            _log.warning(
                "%s: its %s stream %d is left out", source, stream.type, stream.index
            )
            continue
        template.metadata.update(stream.metadata)
        template.disposition = stream.disposition
        templates[stream.index] = template
    return templates


@dataclass(frozen=True, slots=True)
class SideDelivery:
    """Hands the packets of the side streams to every sink that wants them."""

    passthroughs: Sequence[Passthrough]
    templates: Mapping[int, Any]
    window: Window
    """Packets outside it are left out."""
    _timelines: dict[int, Timeline] = field(default_factory=dict)

    def deliver(self, packet: Packet[Any]) -> None:
        """Give each sink a packet of its own, timed, that outlives the container.

        Its ``stream_index`` is the index of its template in the format's side streams.
        """
        template = self.templates.get(packet.stream_index)
        if template is None or packet.size == 0:
            return
        packet.stream = template
        self._time(packet)
        assert packet.pts is not None
        if packet.pts * packet.time_base not in self.window:
            return
        first, *others = self.passthroughs
        for passthrough in others:
            passthrough.put(_share(packet))
        first.put(packet)

    def _time(self, packet: Packet[Any]) -> None:
        timeline = self._timelines.setdefault(
            packet.stream_index, Timeline(packet.time_base, is_strict=False)
        )
        dts, _ = timeline.place(packet.dts, packet.pts, packet.duration or 0)
        if packet.pts is None:
            packet.pts = dts
        elif packet.dts is not None:
            packet.pts += dts - packet.dts
        packet.dts = dts


def _share(packet: Packet[Any]) -> Packet[Any]:
    """Make another packet of the same bytes: a muxer rewrites the times of its own."""
    twin: Packet[Any] = Packet(packet)  # type: ignore[arg-type]  # is a buffer
    twin.stream = packet.stream
    twin.time_base = packet.time_base
    twin.pts, twin.dts, twin.duration = packet.pts, packet.dts, packet.duration
    twin.is_keyframe = packet.is_keyframe
    for side_data in packet.iter_sidedata():
        twin.set_sidedata(side_data)
    return twin
