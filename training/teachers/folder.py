"""Pictures and clips in, a labelled folder out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from maskstream.models.classes import CAMVID
from maskstream.pipeline.errors import SourceError
from maskstream.training.clips import spaced_frames
from maskstream.training.dataset import Picture
from maskstream.training.datasets.labels import read_picture
from maskstream.training.labelled_writer import write_labelled
from maskstream.training.teachers.agreement import label_together
from maskstream.training.teachers.opinion import VOID, Teacher

_PICTURES = (".jpg", ".jpeg", ".png")


def pictures_of(
    sources: Iterable[Path], *, frames: int, shorter_side: int
) -> Iterator[tuple[str, Picture]]:
    """Read pictures, folders of pictures, and evenly spaced frames of clips.

    Args:
        sources: files and folders; what is not a picture is taken for a clip.
        frames: at most so many of one clip.
        shorter_side: pictures larger than this are made smaller, none is enlarged.

    Yields:
        The name, which for a frame ends with its number, and the (H, W, 3) RGB picture.

    Raises:
        SourceError: a clip cannot be read, or a folder has no pictures.
        ConfigError: a picture cannot be read.
    """
    for source in sources:
        for name, picture in _read(source, frames):
            yield name, _shrink(picture, shorter_side)


def write_taught(
    teachers: Sequence[Teacher],
    pictures: Iterable[tuple[str, Picture]],
    out: Path,
    *,
    split: str,
) -> tuple[int, float]:
    """Write each picture with the labels that the teachers agree on.

    Returns:
        The pictures written, and the share of their pixels that have a label.

    Raises:
        ConfigError: the split has pictures already, or the folder other classes.
        SinkError: the folder cannot be written.
    """
    labelled = (
        (name, picture, label_together(teachers, picture)) for name, picture in pictures
    )
    return write_labelled(labelled, out, split=split, classes=CAMVID, void=VOID)


def _read(source: Path, frames: int) -> Iterator[tuple[str, Picture]]:
    if source.is_dir():
        found = [p for p in sorted(source.iterdir()) if p.suffix.lower() in _PICTURES]
        if not found:
            raise SourceError(f"{source}: no pictures here, .jpg or .png wanted")
        for path in found:
            yield path.stem, read_picture(path)
    elif source.suffix.lower() in _PICTURES:
        yield source.stem, read_picture(source)
    else:
        yield from spaced_frames(source, frames)


def _shrink(picture: Picture, shorter_side: int) -> Picture:
    height, width = picture.shape[:2]
    scale = shorter_side / min(height, width)
    if scale >= 1:
        return picture
    size = (round(width * scale), round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
