"""The frames of a clip with the masks that belong to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import numpy as np

from maskstream.pipeline.errors import ConfigError, SourceError
from maskstream.training.datasets import VOID, Labels, Picture
from maskstream.training.datasets.labels import IdLabels
from maskstream.training.datasets.layout import list_pictures

__all__ = ["read_frames", "read_masks_in_order", "with_masks", "without_masks"]

_SAME_TIME_S = 0.0005  # apart: times in files are rounded to a millisecond


def read_frames(clip: Path) -> Iterator[tuple[float, Picture]]:
    """Decode a clip: the time of each frame in seconds, and its (H, W, 3) RGB picture.

    Raises:
        SourceError: if the clip cannot be read.
    """
    try:
        with av.open(str(clip)) as container:
            for frame in container.decode(video=0):
                yield frame.time or 0.0, np.asarray(frame.to_ndarray(format="rgb24"))
    except (av.FFmpegError, IndexError, OSError) as error:
        raise SourceError(f"{clip}: no video can be read here: {error}") from error


def read_masks_in_order(
    folder: Path, num_classes: int, times: Iterable[float]
) -> Iterator[tuple[float, Labels]]:
    """Read a folder of id images, one for each frame in the order of their names.

    Raises:
        ConfigError: if there are more or fewer images than frames, or one is wrong.
    """
    read = IdLabels.of({n: n for n in range(num_classes)}, (num_classes, VOID))
    images, seconds = list_pictures(folder), list(times)
    if len(images) != len(seconds):
        raise ConfigError(
            f"{folder}: {len(images)} masks for {len(seconds)} frames; "
            "one for each is wanted"
        )
    for second, image in zip(seconds, images, strict=True):
        yield second, read(image)


def with_masks(
    frames: Iterable[tuple[float, Picture]], masks: Iterable[tuple[float, Labels]]
) -> Iterator[tuple[Picture, Labels]]:
    """Give each frame the mask that is on screen at its time.

    Raises:
        ConfigError: if a mask has not the size of its frame, or there is none.
    """
    coming = iter(masks)
    following = next(coming, None)
    labels: Labels | None = None
    for seconds, picture in frames:
        while following is not None and following[0] <= seconds + _SAME_TIME_S:
            labels = following[1]
            following = next(coming, None)
        if labels is None:
            raise ConfigError(f"no mask for the frame at {seconds:.3f} s")
        if labels.shape != picture.shape[:2]:
            raise ConfigError(
                f"the mask at {seconds:.3f} s is {labels.shape[1]}x{labels.shape[0]}, "
                f"its frame is {picture.shape[1]}x{picture.shape[0]}"
            )
        yield picture, labels


def without_masks(
    frames: Iterable[tuple[float, Picture]],
) -> Iterator[tuple[Picture, Labels]]:
    """Call every pixel void, so that what needs no truth can still be measured."""
    for _, picture in frames:
        yield picture, np.full(picture.shape[:2], VOID, np.uint8)
