"""Frames and segmentations without pictures, for what looks at their times alone."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from maskstream.pipeline.frame import Frame, Labels, Segmentation, StreamFormat

__all__ = ["FORM", "frame_at", "labelled"]

FORM = StreamFormat(height=96, width=160, time_base=Fraction(1, 1000))


def frame_at(
    decoded_at: float, *, captured_at: float | None = None, stream: str = "front"
) -> Frame:
    """Make a frame that was decoded at a time."""
    return Frame(
        stream,
        0,
        None,
        FORM,
        pts=0,
        duration=0,
        decoded_at=decoded_at,
        captured_at=captured_at,
    )


def labelled(frame: Frame, labels: Labels | None = None) -> Segmentation:
    """Label a frame, with zeros unless said."""
    return Segmentation(frame, np.zeros((4, 4), np.uint8) if labels is None else labels)
