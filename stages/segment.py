"""Segment: batches -> batches that the device works on. Never waits for the device."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from maskstream.models.engines import Engine
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.frame import Batch, InferredBatch, StreamFormat
from maskstream.stages.network_input import network_picture

__all__ = ["Segmenter"]


@dataclass(frozen=True, slots=True)
class Segmenter:
    """Make the network's input from the planes, and hand it to the engine."""

    engine: Engine

    def __call__(self, inbox: Channel[Batch]) -> Generator[InferredBatch, None, None]:
        """Yield each batch as soon as the engine has it."""
        for batch in inbox:
            pictures = [
                network_picture(frame.picture, frame.format.rotation, batch.size_hw)
                for frame in batch.frames
            ]
            sizes_hw = [_upright_size(frame.format) for frame in batch.frames]
            yield InferredBatch(batch, self.engine.submit(pictures, sizes_hw))


def _upright_size(stream_format: StreamFormat) -> tuple[int, int]:
    if stream_format.rotation % 180:
        return stream_format.width, stream_format.height
    return stream_format.height, stream_format.width
