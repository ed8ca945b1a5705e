"""The files of a recording: annotated video, masks, and records.

Pictures and masks begin at time zero in each file: it plays, seeks and joins with
others as any file does, and a camera that has run for weeks does not begin with weeks
of nothing. When that zero was, is in the tags and in the index, there with its pts in
the source. Records keep the pts of the source; each line has its own time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, TextIO

from av.container import OutputContainer

from maskstream.models.classes import ClassTable
from maskstream.pipeline.clock import utc_text
from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.annotated_file import AnnotatedFile
from maskstream.stages.codecs import CODECS
from maskstream.stages.mask_track import MaskFile
from maskstream.stages.mux import open_container
from maskstream.stages.parts import Part
from maskstream.stages.record_lines import RecordLines

__all__ = ["MaskFiles", "RecordFiles", "SegmentFiles", "SegmentPart", "VideoFiles"]


class SegmentPart(Part, Protocol):
    """A file being written that knows how much is in it."""

    @property
    def num_written(self) -> int:
        """Frames that it has taken and no longer holds back."""


class SegmentFiles(Protocol):
    """A kind of files that a stream is recorded in."""

    @property
    def kind(self) -> str:
        """Its name in the index."""

    @property
    def suffix(self) -> str:
        """What the names of its files end with."""

    def open(
        self, path: Path, first: Segmentation, start: float, sink: str, /
    ) -> AbstractContextManager[SegmentPart]:
        """Open a file for items like ``first``, taken at ``start``.

        Leaving the context closes the file, whether or not all went well.
        """


@dataclass(frozen=True, slots=True)
class VideoFiles:
    """Annotated video; it takes segmentations whose picture is painted already."""

    ledger: Ledger
    suffix: str = ".mp4"
    """Names the container: .mp4 or .mkv."""
    codec: str = "h264"
    """A key of `maskstream.stages.codecs.CODECS`."""
    options: Mapping[str, str] = field(default_factory=dict)
    """The encoder's own, over those of the codec."""
    threads: int = 2
    """Of the encoder: each holds a frame back, and there are many cameras."""
    kind: str = "video"

    @contextmanager
    def open(
        self, path: Path, first: Segmentation, start: float, sink: str
    ) -> Iterator[SegmentPart]:
        """Open a file for items like ``first``, taken at ``start``."""
        with _container(path, first, start) as (container, from_zero):
            file = AnnotatedFile(
                container,
                from_zero.frame,
                ledger=self.ledger,
                sink=sink,
                codec=self.codec,
                options={**CODECS[self.codec].low_delay, **self.options},
                threads=self.threads,
            )
            yield _FromZero(file, first.frame.pts)


@dataclass(frozen=True, slots=True)
class MaskFiles:
    """Class ids, lossless: the twin of the video with the same times."""

    ledger: Ledger
    classes: ClassTable
    suffix: str = ".masks.mkv"
    kind: str = "mask"

    @contextmanager
    def open(
        self, path: Path, first: Segmentation, start: float, sink: str
    ) -> Iterator[SegmentPart]:
        """Open a file for items like ``first``, taken at ``start``."""
        with _container(path, first, start) as (container, from_zero):
            file = MaskFile(
                container,
                from_zero,
                classes=self.classes,
                ledger=self.ledger,
                sink=sink,
            )
            yield _FromZero(file, first.frame.pts)


@dataclass(frozen=True, slots=True)
class RecordFiles:
    """Records: a line of JSON a frame, below one that says what they mean."""

    ledger: Ledger
    lines: RecordLines
    suffix: str = ".jsonl"
    kind: str = "records"

    @contextmanager
    def open(
        self, path: Path, _first: Segmentation, _start: float, sink: str
    ) -> Iterator[SegmentPart]:
        """Open a file for items like the first; each line has its own time."""
        with path.open("w", buffering=1, encoding="utf-8") as file:
            file.write(self.lines.header())
            yield _LineFile(self, file, sink)


class _FromZero:
    """Shifts what it gets so that the first pts is zero."""

    def __init__(self, file: SegmentPart, first_pts: int) -> None:
        self._file = file
        self._first_pts = first_pts

    @property
    def num_written(self) -> int:
        return self._file.num_written

    def write(self, item: Segmentation) -> None:
        self._file.write(_from_zero(item, self._first_pts))

    def flush(self) -> None:
        self._file.flush()


class _LineFile:
    def __init__(self, files: RecordFiles, file: TextIO, sink: str) -> None:
        self.num_written = 0
        self._files = files
        self._file = file
        self._sink = sink

    def write(self, item: Segmentation) -> None:
        self._file.write(self._files.lines.record(item))
        self.num_written += 1
        self._files.ledger.written(item.frame.stream, self._sink)

    def flush(self) -> None:
        pass  # each line was written at once


def _from_zero(item: Segmentation, first_pts: int) -> Segmentation:
    frame = item.frame
    return replace(item, frame=replace(frame, pts=frame.pts - first_pts))


@contextmanager
def _container(
    path: Path, first: Segmentation, start: float
) -> Iterator[tuple[OutputContainer, Segmentation]]:
    """Open a container that says when it began; with the first item, at time zero."""
    from_zero = _from_zero(first, first.frame.pts)
    with open_container(path, from_zero.frame) as container:
        # MP4 keeps the first to the second only, in its header; the other as it is.
        container.metadata["creation_time"] = utc_text(start)
        container.metadata["date"] = utc_text(start)
        yield container, from_zero
