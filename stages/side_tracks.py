"""Audio, subtitle and data tracks, copied packet by packet beside new pictures."""

from __future__ import annotations

import io
import logging
from typing import Any

import av
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer

from maskstream.pipeline.frame import Frame
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.passthrough import Passthrough

__all__ = ["SideTracks", "is_end_of_text"]

_logger = logging.getLogger(__name__)


class SideTracks:
    """The side streams of one source within one container being written.

    Those that the container cannot hold are left out, with a line in the log and a note
    in the ledger.
    """

    def __init__(
        self,
        container: OutputContainer,
        first: Frame,
        packets: Passthrough,
        ledger: Ledger,
    ) -> None:
        self._container = container
        self._packets = packets
        self._ledger = ledger
        self._stream = first.stream
        self._tracks: dict[int, Any] = {}  # by the index of the template
        self._filters: dict[int, BitStreamFilterContext] = {}
        self._least_dts: dict[int, int] = {}
        self._is_matroska = container.format.name == "matroska"
        for template in first.format.side_streams:
            if _can_hold(container.format.name, template):
                self._add(template)
            else:
                self._leave_out(template)

    def mux_until(self, seconds: float) -> None:
        """Mux what is to be decoded up to a time."""
        for packet in self._packets.take_until(seconds):
            self._convert_and_mux(packet)

    def mux_rest(self) -> None:
        """Mux what is left."""
        for packet in self._packets.take_rest():
            self._convert_and_mux(packet)

    def _convert_and_mux(self, packet: av.Packet[Any]) -> None:
        index = packet.stream_index
        if index not in self._tracks or is_end_of_text(packet):
            return
        converted = [packet]
        if index in self._filters:
            try:
                converted = self._filters[index].filter(packet)
            except av.FFmpegError:
                self._ledger.noted(self._stream, "side_packets_corrupt")
                return
        for one in converted:
            self._mux(one, index)

    def _mux(self, packet: av.Packet[Any], index: int) -> None:
        track = self._tracks[index]
        assert packet.dts is not None  # the decoder saw to it
        dts = round(packet.dts * packet.time_base / track.time_base)
        least_dts = self._least_dts.get(index, dts)
        if dts < least_dts:
            # A muxer refuses a dts that does not rise; the payload is worth more.
            packet.time_base = track.time_base
            packet.pts = packet.dts = dts = least_dts
            self._ledger.noted(self._stream, "side_packets_moved")
        # Matroska lets two packets share their millisecond.
        self._least_dts[index] = dts + (not self._is_matroska)
        packet.stream = track
        self._container.mux_one(packet)

    def _add(self, template: Any) -> None:
        track = self._container.add_stream_from_template(template)
        track.metadata.update(template.metadata)
        track.disposition = template.disposition
        self._tracks[template.index] = track
        if track.name == "aac" and not template.codec_context.extradata:
            # From MPEG-TS: each packet has a header that other containers keep once.
            self._filters[template.index] = BitStreamFilterContext(
                "aac_adtstoasc", template
            )

    def _leave_out(self, template: Any) -> None:
        _logger.warning(
            "%s: its %s track (%s) is left out, %s cannot hold it%s",
            self._stream,
            template.type,
            getattr(template, "name", None) or "unknown",
            self._container.format.name,
            "; .mkv can" if _can_hold("matroska", template) else "",
        )
        self._ledger.noted(self._stream, "side_streams_left_out")


def is_end_of_text(packet: av.Packet[Any]) -> bool:
    """Whether this is the empty line with which an MP4 muxer ends each line of text.

    It makes them itself, so those of the source are not copied.
    """
    return packet.size == 2 and getattr(packet.stream, "name", None) == "mov_text"


def _can_hold(container_format: str, template: Any) -> bool:
    """Try to write a header with this stream alone: nothing else tells for sure."""
    with av.open(io.BytesIO(), "w", format=container_format) as trial:
        try:
            trial.add_stream_from_template(template)
            trial.start_encoding()
        except (ValueError, av.FFmpegError):
            return False
    return True
