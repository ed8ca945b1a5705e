"""Feed sinks in tests with what real clips hold."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.frame import Frame, Labels, Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.passthrough import Passthrough
from tests.decoding import decode

__all__ = ["labels_of", "playable_times", "read_clip", "run_sink", "times_of"]


def read_clip(path: Path) -> tuple[list[Segmentation], Passthrough]:
    """Decode a clip, give each frame labels of its own, and keep what is beside it."""
    decoded = decode(path)
    return [Segmentation(f, labels_of(f)) for f in decoded.frames], decoded.passthrough


def labels_of(frame: Frame) -> Labels:
    """(H, W) class ids that differ from one frame to the next."""
    rows = np.arange(frame.format.height)[:, None] // 8
    columns = np.arange(frame.format.width)[None, :] // 8
    return ((rows + columns + frame.index) % 11).astype(np.uint8)


def run_sink(
    sink: Any, items: Sequence[Segmentation], *, decoded: int | None = None
) -> Ledger:
    """Feed a sink as a whole run would, or one that has ``decoded`` more frames."""
    ledger: Ledger = sink.ledger
    ledger.open("cam", [sink.sink])
    for _ in range(len(items) if decoded is None else decoded):
        ledger.decoded("cam")
    outcomes = list(sink(Channel.of(*items)))
    assert outcomes == [None] * len(items)
    return ledger


def times_of(path: Path) -> list[Fraction]:
    """Decode a clip and return the pts of its pictures, in seconds."""
    with av.open(str(path)) as container:
        return [
            frame.pts * frame.time_base
            for frame in container.decode(video=0)
            if frame.pts is not None and frame.time_base is not None
        ]


def playable_times(path: Path) -> list[Fraction]:
    """Do the same with a file that was cut off, as a player does."""
    times = []
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                continue  # the one that was cut through
            times += [Fraction(f.pts or 0) * (f.time_base or 0) for f in frames]
    return times
