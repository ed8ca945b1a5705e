"""The mask track: class ids as lossless video, at the pts of the source.

FFV1 (RFC 9043), grey, 8 bits, each picture for itself, in Matroska. The class table is
in the track's tags. Matroska's own clock ticks in milliseconds, so each picture's exact
pts goes along as a block addition (RFC 9559, section 5.1.3.5.2).
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.container import OutputContainer
from av.packet import PacketSideData, packet_sidedata_type_from_literal
from av.video.reformatter import ColorRange

from maskstream.models.classes import ClassTable
from maskstream.pipeline.frame import Segmentation, StreamFormat
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.stages.mux import add_track, encode, open_container
from maskstream.stages.parts import write_parts

__all__ = [
    "CLASSES_TAG",
    "TIME_BASE_TAG",
    "MaskFile",
    "MaskStream",
    "MaskTrack",
    "exact_pts",
]

CLASSES_TAG = "MASKSTREAM_CLASSES"
"""The class table, as `ClassTable.to_json` writes it."""
TIME_BASE_TAG = "MASKSTREAM_TIME_BASE"
"""Seconds in one unit of the exact pts, as a fraction."""

# Golomb-Rice coding and the small context were the quickest of those measured, 2.1 ms
# for 960x540, and within a fifth of the smallest.
_FFV1 = {"level": "3", "g": "1", "slices": "4", "slicecrc": "1", "coder": "rice"}
_ONE_SLICE = {**_FFV1, "slices": "1"}
_MIN_SLICED = 2  # rows and columns; the encoder cannot cut less into four

_BLOCK_ADDITION: Final = "matroska_block_additional"
_OPAQUE = 1  # BlockAddID of what only the codec's own reader understands


@dataclass(frozen=True, slots=True)
class MaskTrack:
    """Writes the class ids of every picture to a Matroska file of their own."""

    path: Path
    classes: ClassTable
    ledger: Ledger
    reserved: Collection[Path] = ()
    """Names of other outputs."""
    sink: str = "mask"

    def __call__(self, inbox: Inbox) -> Outputs:
        """Write the labels of every segmentation that ``inbox`` gives."""
        return write_parts(
            inbox, self.path, self._open, self.ledger, self.sink, self.reserved
        )

    @contextmanager
    def _open(self, path: Path, first: Segmentation) -> Iterator[MaskFile]:
        with open_container(path, first.frame) as container:
            yield MaskFile(
                container,
                first,
                classes=self.classes,
                ledger=self.ledger,
                sink=self.sink,
            )


class MaskFile:
    """A mask track being written.

    Args:
        container: As `open_container` gives it.
        first: Its format is that of all.
        classes: Of the class ids.
        ledger: Counts each frame whose packet the container has taken.
        sink: The sink's name there.
    """

    def __init__(
        self,
        container: OutputContainer,
        first: Segmentation,
        *,
        classes: ClassTable,
        ledger: Ledger,
        sink: str,
    ) -> None:
        self.num_written = 0
        self._ledger = ledger
        self._sink = sink
        self._container = container
        self._masks = MaskStream(container, first.frame.format, classes)
        container.start_encoding()

    def write(self, item: Segmentation) -> None:
        """Encode the labels of one item."""
        self._container.mux(self._masks.encode(item, item.frame.pts))
        self.num_written += 1
        self._ledger.written(item.frame.stream, self._sink)

    def flush(self) -> None:
        """Do nothing: the encoder holds nothing back."""


class MaskStream:
    """One track of class ids within a container being written."""

    def __init__(
        self, container: OutputContainer, fmt: StreamFormat, classes: ClassTable
    ) -> None:
        is_sliced = min(fmt.height, fmt.width) >= _MIN_SLICED
        options = _FFV1 if is_sliced else _ONE_SLICE
        self._track = add_track(container, "ffv1", "gray", fmt, options)
        self._track.codec_context.color_range = ColorRange.JPEG  # ids, not a picture
        self._track.metadata[CLASSES_TAG] = classes.to_json()
        self._track.metadata[TIME_BASE_TAG] = str(fmt.time_base)
        self._track.metadata["title"] = "class ids"

    def encode(self, item: Segmentation, pts: int) -> list[av.Packet[Any]]:
        """Encode the labels of ``item``; the packet knows its exact pts."""
        picture = av.VideoFrame.from_numpy_buffer(
            np.ascontiguousarray(item.labels), "gray"
        )
        packets = encode(self._track, picture, item.frame, pts)
        for packet in packets:
            _add_exact_pts(packet, pts)
        return packets


def exact_pts(packet: av.Packet[Any]) -> int | None:
    """Read the pts in units of `TIME_BASE_TAG`; None if the packet has none."""
    addition = bytes(packet.get_sidedata(_BLOCK_ADDITION))
    return struct.unpack(">qq", addition)[1] if len(addition) == 16 else None


def _add_exact_pts(packet: av.Packet[Any], pts: int) -> None:
    kind = packet_sidedata_type_from_literal(_BLOCK_ADDITION)
    addition = PacketSideData(kind, 16)  # type: ignore[call-arg] # the stub has no size
    addition.update(struct.pack(">qq", _OPAQUE, pts))
    packet.set_sidedata(addition)
