"""The painting of annotated video alone: prints milliseconds a frame on one core.

The labels have about four borders in a row, more than the network finds on a motorway
(three) and fewer than people drew in CamVid's streets (nine). The least of many frames
is shown: what the work takes when nothing else runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np

from maskstream.models.classes import CAMVID
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.frame import Frame, Labels, Segmentation, StreamFormat
from maskstream.stages.annotate import Annotator

_SIZES_HW = ((540, 960), (720, 1280), (1080, 1920))
_FORMATS = ("yuv420p", "yuv422p10le", "yuv444p")
_VARIANTS: dict[str, dict[str, Any]] = {
    "overlay": {"legend": False},
    "+ legend": {},
    "+ status": {"status": True},
    "+ contours": {"status": True, "contours": True},
}
_NUM_FRAMES = 50


def main() -> None:
    """Measure each size, pixel format and set of options."""
    print(f"{'':24}" + "".join(f"{name:>12}" for name in _VARIANTS) + "   ms a frame")
    for height, width in _SIZES_HW:
        for pix_fmt in _FORMATS:
            item = _make_item(height, width, pix_fmt)
            times = [_least_ms(item, **options) for options in _VARIANTS.values()]
            cells = "".join(f"{ms:12.3f}" for ms in times)
            print(f"{width}x{height} {pix_fmt}".ljust(24) + cells)


def _least_ms(item: Segmentation, **options: Any) -> float:
    annotator = Annotator(CAMVID, time.perf_counter, alpha=0.45, **options)
    stage = annotator(Channel.of(*[item] * _NUM_FRAMES))
    return min(_gaps_s(stage)) * 1e3


def _gaps_s(stage: Iterator[Segmentation]) -> Iterator[float]:
    """Yield the seconds that each item took, after a first one that prepares."""
    next(stage)
    began = time.perf_counter()
    for _ in stage:
        now = time.perf_counter()
        yield now - began
        began = time.perf_counter()


def _make_item(height: int, width: int, pix_fmt: str) -> Segmentation:
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    picture = av.VideoFrame.from_ndarray(noise, "rgb24").reformat(format=pix_fmt)
    form = StreamFormat(height, width, Fraction(1, 25))
    frame = Frame("benchmark", 0, picture, form, pts=0, duration=1, decoded_at=0.0)
    return Segmentation(frame, _make_labels(height, width))


def _make_labels(height: int, width: int) -> Labels:
    """(H, W) blobs of all classes with smooth borders."""
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((len(CAMVID), 3, 4)).astype(np.float32)
    full = [
        cv2.resize(s, (width, height), interpolation=cv2.INTER_CUBIC) for s in scores
    ]
    labels: Labels = np.stack(full).argmax(0).astype(np.uint8)
    return labels


if __name__ == "__main__":
    main()
