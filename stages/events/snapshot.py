"""The picture of an event."""

from __future__ import annotations

from pathlib import Path

from maskstream.pipeline.frame import Frame
from maskstream.stages.jpeg import to_jpeg
from maskstream.stages.output import partial_name

__all__ = ["save_snapshot"]

_QUALITY = 85


def save_snapshot(path: Path, frame: Frame) -> None:
    """Write a frame as JPEG, upright; the file appears whole or not at all."""
    partial = partial_name(path)
    try:
        partial.write_bytes(to_jpeg(frame, _QUALITY))
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
