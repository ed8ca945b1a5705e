"""Segment: batches -> batches that the device works on. Never waits for the device."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from maskstream.models.engines import Engine
from maskstream.models.engines.base import Picture, PlanesEngine
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.frame import Batch, Frame, InferredBatch, StreamFormat
from maskstream.stages.device_input import yuv_picture
from maskstream.stages.network_input import network_picture

__all__ = ["Segmenter"]


@dataclass(frozen=True, slots=True)
class Segmenter:
    """Hand the planes to the engine, or the network's input made of them."""

    engine: Engine

    def __call__(self, inbox: Channel[Batch]) -> Generator[InferredBatch, None, None]:
        """Yield each batch as soon as the engine has it."""
        engine = self.engine
        for batch in inbox:
            frames, size_hw = batch.frames, batch.size_hw
            sizes_hw = [_upright_size(frame.format) for frame in frames]
            if isinstance(engine, PlanesEngine):
                pending = engine.submit_planes(
                    [_planes(frame, size_hw) for frame in frames], sizes_hw
                )
            else:
                pending = engine.submit(
                    [
                        network_picture(frame.picture, frame.format.rotation, size_hw)
                        for frame in frames
                    ],
                    sizes_hw,
                )
            yield InferredBatch(batch, pending)


def _planes(frame: Frame, size_hw: tuple[int, int]) -> Picture:
    """View a frame's planes; where the device cannot read them, do its work here."""
    rotation = frame.format.rotation
    planes = yuv_picture(frame.picture, rotation, size_hw)
    if planes is None:
        return network_picture(frame.picture, rotation, size_hw)
    return planes


def _upright_size(stream_format: StreamFormat) -> tuple[int, int]:
    if stream_format.rotation % 180:
        return stream_format.width, stream_format.height
    return stream_format.height, stream_format.width
