"""Reading masks back: iterate, or ask for the one on screen at a time.

with open_masks("drive.masks.mkv") as masks:
    for pts_seconds, labels in masks:  # (H, W) uint8 class ids
        ...
    labels = masks.at(12.5)
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from maskstream.models.classes import ClassTable
from maskstream.pipeline.errors import SourceError
from maskstream.pipeline.frame import Labels
from maskstream.stages.mask_png import CLASSES_FILE
from maskstream.stages.mask_track import CLASSES_TAG, TIME_BASE_TAG, exact_pts

__all__ = ["Masks", "open_masks"]

_IMAGE_NAME = re.compile(r"\d+\.pts(-?\d+)\.png")


class Masks:
    """The masks of one stream, in the order of time.

    Iterating begins at the first of them, or where `seek` has gone to.
    """

    def __init__(self, storage: _Storage) -> None:
        self._storage = storage
        self._start: Fraction | None = None

    @property
    def classes(self) -> ClassTable:
        """Names and colours by class id."""
        return self._storage.classes

    @property
    def palette(self) -> NDArray[np.uint8]:
        """(K, 3) red, green, blue by class id, so ``palette[labels]`` is a picture."""
        return np.array(self.classes.colours, np.uint8)

    def __len__(self) -> int:
        return self._storage.count()

    def __iter__(self) -> Iterator[tuple[float, Labels]]:
        for seconds, labels in self._storage.read(self._start):
            yield float(seconds), labels

    def seek(self, seconds: float) -> None:
        """Let the next iteration begin with the mask that is on screen at a time."""
        self._start = Fraction(seconds)

    def at(self, seconds: float) -> Labels:
        """(H, W) class ids of the mask on screen at a time; the first before all."""
        _, labels = next(self._storage.read(Fraction(seconds)))
        return labels


@contextmanager
def open_masks(path: str | Path) -> Iterator[Masks]:
    """Open a mask track, an annotated file that carries one, or a folder of images.

    Raises:
        SourceError: There are no masks of ours.
    """
    path = Path(path)
    yield Masks(_Folder(path) if path.is_dir() else _Track(path))


class _Storage(Protocol):
    classes: ClassTable

    def read(self, start: Fraction | None) -> Iterator[tuple[Fraction, Labels]]:
        """Read from the mask that is on screen at ``start``, or from the first."""

    def count(self) -> int:
        """How many there are."""


class _Track:
    """Masks as video in Matroska. Each reading opens the file for itself."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as (_, track):
            self.classes = ClassTable.from_json(track.metadata[CLASSES_TAG])
            self._time_base = Fraction(track.metadata[TIME_BASE_TAG])

    def read(self, start: Fraction | None) -> Iterator[tuple[Fraction, Labels]]:
        with self._open() as (container, track):
            if start is not None:
                milliseconds = max(0, int(start * 1000))
                container.seek(milliseconds, stream=track)
            before: av.Packet[VideoStream] | None = None
            for packet in container.demux(track):
                if not packet.size:
                    continue
                # On screen is the last one that is not later than the time asked for.
                if before is not None and (
                    start is None or self._seconds(packet) > start
                ):
                    yield self._seconds(before), _decode(before)
                before = packet
            if before is not None:
                yield self._seconds(before), _decode(before)

    def count(self) -> int:
        with self._open() as (container, track):
            return sum(1 for packet in container.demux(track) if packet.size)

    def _seconds(self, packet: av.Packet[VideoStream]) -> Fraction:
        pts = exact_pts(packet)
        if pts is not None:
            return pts * self._time_base
        # Another program has copied the track: it is right to the millisecond.
        assert packet.pts is not None
        assert packet.time_base is not None
        return packet.pts * packet.time_base

    @contextmanager
    def _open(self) -> Iterator[tuple[InputContainer, VideoStream]]:
        try:
            container = av.open(str(self._path))
        except (OSError, av.FFmpegError) as error:
            reason = (error.strerror or str(error)).lower()
            raise SourceError(f"{self._path} cannot be read: {reason}") from error
        with container:
            for track in container.streams.video:
                if CLASSES_TAG in track.metadata:
                    yield container, track
                    return
        raise SourceError(f"{self._path} has no mask track of maskstream")


class _Folder:
    """Masks as images with a palette."""

    def __init__(self, path: Path) -> None:
        table = path / CLASSES_FILE
        if not table.is_file():
            raise SourceError(
                f"{path} has no {CLASSES_FILE}, so no masks of maskstream"
            )
        text = table.read_text(encoding="utf-8")
        self.classes = ClassTable.from_json(text)
        time_base = Fraction(json.loads(text)["time_base"])
        self._images = [
            (int(name[1]) * time_base, image)
            for image in sorted(path.iterdir())
            if (name := _IMAGE_NAME.fullmatch(image.name))
        ]

    def read(self, start: Fraction | None) -> Iterator[tuple[Fraction, Labels]]:
        first = 0
        if start is not None:
            times = [seconds for seconds, _ in self._images]
            first = max(0, bisect_right(times, start) - 1)
        for seconds, image in self._images[first:]:
            with av.open(str(image)) as container:
                picture = next(container.decode(video=0))
            labels, _ = picture.to_ndarray()  # the indices, then their palette
            yield seconds, np.asarray(labels)

    def count(self) -> int:
        return len(self._images)


def _decode(packet: av.Packet[VideoStream]) -> Labels:
    (picture,) = packet.decode()
    return np.asarray(picture.to_ndarray(), np.uint8)
