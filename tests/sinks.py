"""What sinks are fed in tests: the frames, packets and labels of real clips."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.frame import Frame, Labels, Segmentation, StreamFormat
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.passthrough import Passthrough

__all__ = ["labels_of", "read_clip", "run_sink", "segment", "times_of"]


def read_clip(
    container: av.container.InputContainer,
) -> tuple[list[Frame], Passthrough]:
    """Read all frames and side packets of a clip that stays open."""
    video = container.streams.video[0]
    sides = tuple(s for s in container.streams if s.type in ("audio", "subtitle"))
    pictures: list[av.VideoFrame] = []
    packets = Passthrough("clip", Ledger())
    for packet in container.demux(video, *sides):
        if packet.stream is video:
            pictures.extend(packet.decode())
        elif packet.size:
            packet.dts = packet.pts if packet.dts is None else packet.dts
            packets.put(packet)
    fmt = StreamFormat(
        height=pictures[0].height,
        width=pictures[0].width,
        time_base=video.time_base,
        rotation=pictures[0].rotation % 360,
        average_rate=video.average_rate,
        sample_aspect_ratio=video.sample_aspect_ratio or Fraction(1),
        side_streams=sides,
        metadata=dict(container.metadata),
    )
    frames = [
        Frame(
            stream="clip",
            index=index,
            picture=picture,
            format=fmt,
            pts=picture.pts,
            duration=picture.duration,
            decoded_at=0.0,
        )
        for index, picture in enumerate(pictures)
    ]
    return frames, packets


def labels_of(frame: Frame) -> Labels:
    """(H, W) class ids that differ from one frame to the next."""
    rows = np.arange(frame.format.height)[:, None] // 8
    columns = np.arange(frame.format.width)[None, :] // 8
    return ((rows + columns + frame.index) % 11).astype(np.uint8)


def segment(frames: Sequence[Frame]) -> list[Segmentation]:
    """Give each frame labels of its own."""
    return [Segmentation(frame, labels_of(frame)) for frame in frames]


def run_sink(stage: Any, items: Sequence[Any], *, decoded: int | None = None) -> Ledger:
    """Feed a sink that counts in ``stage.ledger``, as a whole run would."""
    ledger: Ledger = stage.ledger
    ledger.open("clip", [stage.sink])
    for _ in range(len(items) if decoded is None else decoded):
        ledger.decoded("clip")
    outcomes = list(stage(Channel.of(*items)))
    assert outcomes == [None] * len(items)
    return ledger


def times_of(path: Path) -> list[Fraction]:
    """Decode a clip and return the pts of its pictures, in seconds."""
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]
