"""What flows: frames, batches of them, and the labels that they get.

An item belongs to the stage that holds it. Nothing here is written to after it was
made, so several sinks may read one item at the same time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:  # numpy takes longer to import than a page of help to print
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Batch", "Frame", "InferredBatch", "Labels", "Segmentation", "StreamFormat"]

Labels: TypeAlias = "NDArray[np.uint8]"
"""(H, W) class id per pixel."""


@dataclass(frozen=True, slots=True, eq=False)
class StreamFormat:
    """What a source says of its video; one object for as long as nothing changes.

    A sink compares it by identity: another object means that the size, the orientation
    or the streams beside the video may have changed.
    """

    height: int
    """Rows as stored, before rotation."""
    width: int
    """Columns as stored, before rotation."""
    time_base: Fraction
    """Seconds in one unit of pts."""
    rotation: int = 0
    """Quarter turns that set the picture upright, in degrees counter-clockwise:
    0, 90, 180 or 270, as PyAV's ``frame.rotation`` counts them."""
    average_rate: Fraction | None = None
    """Frames a second, for display and as an encoder's hint; never a clock."""
    sample_aspect_ratio: Fraction = Fraction(1)
    """Width of one sample over its height."""
    side_streams: tuple[Any, ...] = ()
    """Templates of the audio, subtitle and data streams beside the video."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """The container's tags."""
    chapters: tuple[Any, ...] = ()
    """The container's chapters (``av.container.core.Chapter``)."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture and its place in the stream."""

    stream: str
    """The user's id of the stream, never a URL."""
    index: int
    """How many pictures of this stream were decoded before it."""
    picture: Any
    """The decoder's own picture (``av.VideoFrame``), in the planes it gave, which may
    lie on a device. Still a reference of the decoder: read it, never write to it."""
    format: StreamFormat
    pts: int
    """In units of ``format.time_base``; estimated where the source gave none."""
    duration: int
    """In units of ``format.time_base``; 0 where the source gave none."""
    decoded_at: float
    """When it left the decoder, in seconds of the injected clock."""
    is_estimated: bool = False
    """The source gave no pts."""
    captured_at: float | None = None
    """When it was taken, in seconds since 1970 (UTC): by the clock of a live source, or
    on arrival where it tells none. None for what is not live."""

    @property
    def pts_seconds(self) -> float:
        """Presentation time in seconds of the stream's own clock."""
        return float(self.pts * self.format.time_base)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Frames for one pass through the network, all of one network size."""

    frames: tuple[Frame, ...]
    size_hw: tuple[int, int]
    """Height and width of the network's input, upright."""
    held: tuple[tuple[Frame, ...], ...]
    """For each of ``frames``, the next of its stream, which get the same labels."""


class Pending(Protocol):
    """A result that the device is still working on."""

    def labels(self) -> list[Labels]:
        """Wait for the device; (H, W) class ids for each picture of the batch."""


@dataclass(frozen=True, slots=True, eq=False)
class InferredBatch:
    """A batch handed to the device, and the promise of its labels."""

    batch: Batch
    pending: Pending


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """A frame and the class of each of its pixels."""

    frame: Frame
    labels: Labels
    """(H, W) as stored, before rotation, like the frame's own picture."""
    is_held: bool = False
    """The labels are those of an earlier frame: there was no time for this one's."""
    network_hw: tuple[int, int] | None = None
    """Height and width of the network's input, upright."""
