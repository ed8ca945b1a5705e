"""What a decoded picture tells of its stream."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import av

from maskstream.pipeline.frame import StreamFormat

__all__ = ["describe_stream", "has_changed", "quarter_turns"]


def describe_stream(
    picture: av.VideoFrame,
    *,
    time_base: Fraction,
    average_rate: Fraction | None,
    sample_aspect_ratio: Fraction | None = None,
    side_streams: tuple[Any, ...] = (),
    metadata: Mapping[str, str] | None = None,
    chapters: tuple[Any, ...] = (),
) -> StreamFormat:
    """Describe a stream from ``picture`` on, with what its container says of it."""
    return StreamFormat(
        height=picture.height,
        width=picture.width,
        time_base=time_base,
        rotation=quarter_turns(picture.rotation),
        average_rate=average_rate,
        sample_aspect_ratio=sample_aspect_ratio or Fraction(1),
        side_streams=side_streams,
        metadata=dict(metadata or {}),
        chapters=chapters,
    )


def quarter_turns(degrees: float) -> int:
    """Round a rotation to 0, 90, 180 or 270 degrees."""
    return round(degrees / 90) % 4 * 90


def has_changed(picture: av.VideoFrame, form: StreamFormat, pixels: str) -> bool:
    """Whether ``picture`` is not as ``form`` says, or not of the format ``pixels``."""
    return (
        picture.height != form.height
        or picture.width != form.width
        or picture.format.name != pixels
        or quarter_turns(picture.rotation) != form.rotation
    )
