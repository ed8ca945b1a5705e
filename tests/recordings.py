"""Record what real clips hold, as if a camera had taken it at a given time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from maskstream.models.classes import CAMVID
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.ledger import Ledger, StreamAccount
from maskstream.stages.record_lines import RecordLines
from maskstream.stages.recording.archive import Archive
from maskstream.stages.recording.files import (
    MaskFiles,
    RecordFiles,
    SegmentFiles,
    VideoFiles,
)
from maskstream.stages.recording.index import Segment
from maskstream.stages.recording.names import SegmentNames
from maskstream.stages.recording.recorder import SegmentRecorder
from tests.clips import make_clip, read_index
from tests.sinks import read_clip

__all__ = [
    "NOON",
    "Camera",
    "a_segment",
    "add",
    "begin",
    "files_of",
    "finished",
    "indices_of",
    "record",
    "recorder",
    "wait_until",
]

NOON = datetime.fromisoformat("2026-11-28T12:00:00Z").timestamp()


class Camera:
    """Gives pictures of a clip at the times that a test says."""

    def __init__(self, folder: Path, **clip: Any) -> None:
        folder.mkdir(exist_ok=True)
        path = make_clip(folder / f"{len(list(folder.iterdir()))}.mp4", **clip)
        self.items, _ = read_clip(path)

    def take(self, *seconds: float, start: float = NOON) -> list[Segmentation]:
        """Take pictures so many seconds after ``start``, which is pts zero too."""
        return [
            self._at(index, start + after, after) for index, after in enumerate(seconds)
        ]

    def _at(self, index: int, captured_at: float, seconds: float) -> Segmentation:
        item = self.items[index % len(self.items)]
        frame = item.frame
        frame = replace(
            frame,
            index=index,
            pts=round(seconds / frame.format.time_base),
            captured_at=captured_at,
        )
        return replace(item, frame=frame)


def files_of(kind: str, ledger: Ledger, **settings: Any) -> SegmentFiles:
    """Make the settings of a kind of files."""
    if kind == "video":
        return VideoFiles(ledger, **settings)
    if kind == "mask":
        return MaskFiles(ledger, CAMVID, **settings)
    return RecordFiles(ledger, RecordLines(CAMVID), **settings)


def a_segment(file: str, start: float) -> Segment:
    """Describe a segment that begins, of the stream that its folder is named after."""
    return Segment(
        stream=file.partition("/")[0],
        kind="video",
        file=file,
        start=start,
        pts=900,
        time_base=Fraction(1, 90000),
        height=64,
        width=96,
    )


def recorder(
    archive: Archive,
    *,
    kind: str = "video",
    length_s: float = 60,
    clock: ManualClock | None = None,
    **settings: Any,
) -> SegmentRecorder:
    """Make a recorder of stream ``cam`` whose clocks stand still."""
    ledger = Ledger()
    ledger.open("cam", [kind])
    clock = clock or ManualClock()
    return SegmentRecorder(
        "cam",
        files_of(kind, ledger, **settings),
        archive,
        SegmentNames("{stream}/%Y-%m-%d_%H-%M-%S", length_s),
        ledger,
        sink=kind,
        clock=clock,
        wall_clock=lambda: NOON,
    )


def record(sink: SegmentRecorder, items: Sequence[Segmentation]) -> StreamAccount:
    """Record all that a stream gives; its account must balance."""
    for _ in items:
        sink.ledger.decoded("cam")
    assert list(sink(Channel.of(*items))) == [None] * len(items)
    account = sink.ledger.accounts()["cam"]
    assert account.is_balanced, account
    return account


def finished(archive: Archive) -> list[dict[str, Any]]:
    """List what the index says of the segments of ``cam``: name and a few facts."""
    return [
        {
            "file": segment.file,
            "frames": segment.frames,
            "cut": segment.is_cut,
            "reason": segment.reason,
        }
        for segment in archive.segments("cam", 0, 2**33)
    ]


def indices_of(path: Path) -> Iterator[int]:
    """Decode a file, cut off or not, and read the index in each picture."""
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            try:
                yield from map(read_index, packet.decode())
            except av.InvalidDataError:
                continue  # the one that was cut through


def wait_until(is_so: Callable[[], bool], deadline_s: float = 60) -> None:
    """Look again and again until something is so; fail when it never is."""
    end = time.monotonic() + deadline_s
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def begin(archive: Archive, name: str, start: float, num_bytes: int = 100) -> Segment:
    """Begin a file of some bytes."""
    segment = archive.begin(a_segment(name, start))
    archive.path(segment).write_bytes(bytes(num_bytes))
    return replace(segment, end=start + 60, frames=1, bytes=num_bytes, reason="clock")


def add(archive: Archive, name: str, start: float, num_bytes: int = 100) -> None:
    """Add a finished file."""
    archive.end(begin(archive, name, start, num_bytes))
