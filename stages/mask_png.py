"""Class ids as pictures: one PNG a frame, whose palette is the class table.

A picture viewer shows the colours; a program that reads the indices reads class ids.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from maskstream.models.classes import ClassTable
from maskstream.pipeline.frame import Labels, StreamFormat
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.stages.output import explain_failure, partial_name

__all__ = ["CLASSES_FILE", "PaletteImages"]

CLASSES_FILE = "classes.json"
_OWN_NAME = re.compile(r"\d{6,}\.pts-?\d+\.png")


@dataclass(frozen=True, slots=True)
class PaletteImages:
    """Writes ``000012.pts6144.png`` for frame 12 at pts 6144, and ``classes.json``.

    Each file appears whole or not at all.
    """

    folder: Path
    classes: ClassTable
    ledger: Ledger
    sink: str = "images"

    def __call__(self, inbox: Inbox) -> Outputs:
        """Write a picture for every segmentation that ``inbox`` gives."""
        fmt: StreamFormat | None = None
        for item in inbox:
            frame = item.frame
            with explain_failure(self.folder, kept=self.folder):
                if frame.format is not fmt:
                    if fmt is None:
                        self.folder.mkdir(exist_ok=True)
                        self._clear()
                        self.ledger.made(frame.stream, self.sink, self.folder)
                    fmt = frame.format
                    _write(self.folder / CLASSES_FILE, self._describe(fmt))
                name = f"{frame.index:06d}.pts{frame.pts}.png"
                _write(self.folder / name, _png(item.labels, self._palette()))
            self.ledger.written(frame.stream, self.sink)
            yield

    def _clear(self) -> None:
        """Remove the pictures of an older run, and nothing else."""
        for path in self.folder.iterdir():
            if _OWN_NAME.fullmatch(path.name):
                path.unlink()

    def _describe(self, fmt: StreamFormat) -> bytes:
        table = json.loads(self.classes.to_json())
        return json.dumps({**table, "time_base": str(fmt.time_base)}).encode()

    def _palette(self) -> NDArray[np.uint8]:
        """(256, 4) ARGB, black where there is no class."""
        palette = np.zeros((256, 4), np.uint8)
        palette[:, 0] = 255
        palette[: len(self.classes), 1:] = self.classes.colours
        return palette


def _png(labels: Labels, palette: NDArray[np.uint8]) -> bytes:
    encoder = av.CodecContext.create("png", "w")
    assert isinstance(encoder, VideoCodecContext)
    picture = av.VideoFrame.from_ndarray((labels, palette), format="pal8")  # type: ignore[arg-type]
    encoder.width, encoder.height = picture.width, picture.height
    encoder.pix_fmt = "pal8"
    return b"".join(bytes(packet) for packet in encoder.encode(picture))


def _write(path: Path, content: bytes) -> None:
    partial = partial_name(path)
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
