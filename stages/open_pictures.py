"""Files of pictures, read as one stream."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from maskstream.pipeline.frame import StreamFormat
from maskstream.stages.error_budget import ErrorBudget
from maskstream.stages.side_streams import SideDelivery
from maskstream.stages.source import Source
from maskstream.stages.stream_format import describe_stream

__all__ = ["OpenPictures"]


@dataclass(slots=True, eq=False)
class OpenPictures:
    """Pictures at a steady rate, each of its own size and kind if it likes."""

    source: Source
    begin_s: Fraction = Fraction(0)
    templates: Mapping[int, Any] = field(default_factory=dict)
    """Nothing travels beside pictures."""
    _first: int = 0

    @property
    def time_base(self) -> Fraction:
        """Seconds from one picture to the next."""
        return 1 / self.source.picture_rate

    def stated_duration_s(self) -> float:
        """Seconds that all the pictures last."""
        return float(len(self.source.pictures) * self.time_base)

    def format_of(self, picture: av.VideoFrame) -> StreamFormat:
        """Describe the stream as it is from ``picture`` on."""
        rate = self.source.picture_rate
        return describe_stream(picture, time_base=self.time_base, average_rate=rate)

    def seek(self, seconds: Fraction) -> None:
        """Begin with the picture shown at ``seconds``."""
        self._first = max(0, math.floor(seconds / self.time_base))

    def pictures(self, budget: ErrorBudget, _: SideDelivery) -> Iterator[av.VideoFrame]:
        """Decode the pictures; pts counts files, those that cannot be read included."""
        paths = self.source.pictures[self._first :]
        for index, path in enumerate(paths, start=self._first):
            try:
                picture = _read_picture(path)
            except (av.FFmpegError, OSError, StopIteration) as error:
                budget.spend("corrupt_pictures", error)
                continue
            budget.renew()
            picture.pts, picture.duration = index, 1
            picture.time_base = self.time_base
            yield picture


def _read_picture(path: Path) -> av.VideoFrame:
    # From memory, so that FFmpeg looks at what is in it and not at its name, which may
    # hold a % or the wrong suffix.
    with av.open(io.BytesIO(path.read_bytes()), "r") as container:
        decoder = container.streams.video[0].codec_context
        if decoder.name == "mjpeg":
            # Else a JPEG that ends in the middle is grey from there on, without a word.
            # Not for others: FFmpeg's TIFF refuses whole files then.
            decoder.options = {"err_detect": "explode"}
        return next(container.decode(video=0))
