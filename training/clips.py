"""Frames of videos as pictures to learn from."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from maskstream.pipeline.errors import SourceError
from maskstream.training.augment import IGNORE
from maskstream.training.batches import Samples
from maskstream.training.dataset import Labels, Picture

__all__ = ["WithFrames", "check_clip", "keep_frames", "spaced_frames"]


def spaced_frames(clip: Path, count: int) -> Iterator[tuple[str, Picture]]:
    """Decode ``count`` frames of a clip, or all it has, evenly spaced.

    Yields:
        The clip's name with the frame's number, and the (H, W, 3) RGB picture.

    Raises:
        SourceError: the clip cannot be read.
    """
    try:
        total = _count_frames(clip)
        wanted = {int(place) for place in np.linspace(0, total - 1, min(count, total))}
        with av.open(clip) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number in wanted:
                    pixels = frame.to_ndarray(format="rgb24")
                    yield f"{clip.stem}-{number:06d}", np.asarray(pixels, np.uint8)
    except (av.FFmpegError, IndexError) as error:
        raise _no_video(clip, error) from error


def check_clip(clip: Path) -> None:
    """Make sure that a clip has frames, before anything is made of them.

    Raises:
        SourceError: it has none that can be read.
    """
    next(spaced_frames(clip, 1))


def keep_frames(clips: Iterable[Path], count: int, folder: Path) -> None:
    """Write ``count`` frames of each clip into a folder, unless it is there already.

    Raises:
        SourceError: a clip cannot be read.
    """
    if folder.is_dir():
        return
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for order, clip in enumerate(clips):
        for name, picture in spaced_frames(clip, count):
            cv2.imwrite(str(part / f"{order}-{name}.jpg"), picture[..., ::-1])
    part.rename(folder)


@dataclass(frozen=True, slots=True)
class WithFrames:
    """Labelled pictures, and behind them frames whose pixels are all void."""

    labelled: Samples
    frames: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.labelled) + len(self.frames)

    def __getitem__(self, index: int) -> tuple[Picture, Labels]:
        if index < len(self.labelled):
            return self.labelled[index]
        path = self.frames[index - len(self.labelled)]
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        assert picture is not None, f"{path} was written by this run"
        return np.asarray(picture), np.full(picture.shape[:2], IGNORE, np.uint8)


def _count_frames(clip: Path) -> int:
    """Count frames by their packets, which reads the file and decodes nothing."""
    with av.open(clip) as container:
        stream = container.streams.video[0]
        return sum(packet.size > 0 for packet in container.demux(stream))


def _no_video(clip: Path, error: Exception) -> SourceError:
    reason = error.strerror if isinstance(error, av.FFmpegError) else "none is in it"
    return SourceError(f"{clip}: no video can be read here: {reason}")
