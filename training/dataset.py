"""Pictures with a class id for each pixel, from a folder.

DIR/images/SPLIT/NAME.jpg (or .png)
DIR/labels/SPLIT/NAME.png     8-bit, one channel, the pixel is the class id
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from maskstream.pipeline.errors import ConfigError

Picture = npt.NDArray[np.uint8]  # (H, W, 3) RGB
Labels = npt.NDArray[np.uint8]  # (H, W) class ids; those not in the table are ignored

_SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True)
class LabelledFolder:
    """The pictures of one split, each with its labels, in the order of their names."""

    pairs: tuple[tuple[Path, Path], ...]

    @classmethod
    def open(cls, root: Path, split: str) -> LabelledFolder:
        """List the pictures of a split.

        Raises:
            ConfigError: if a folder is missing or empty, or a picture has no labels.
        """
        images = root / "images" / split
        labels = root / "labels" / split
        for folder in (images, labels):
            if not folder.is_dir():
                raise ConfigError(f"{folder}: no such folder; {root} must hold it")
        pictures = sorted(p for p in images.iterdir() if p.suffix.lower() in _SUFFIXES)
        if not pictures:
            raise ConfigError(f"{images}: no pictures here, .jpg or .png wanted")
        pairs = tuple((path, labels / f"{path.stem}.png") for path in pictures)
        for picture, truth in pairs:
            if not truth.is_file():
                raise ConfigError(f"{picture}: its labels are missing, {truth} wanted")
        return cls(pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[Picture, Labels]:
        """Read one picture with its labels.

        Raises:
            ConfigError: if a file is no picture or the two differ in size.
        """
        picture_path, labels_path = self.pairs[index]
        picture = _read(picture_path, cv2.IMREAD_COLOR_RGB)
        labels = _read(labels_path, cv2.IMREAD_UNCHANGED)
        if labels.ndim != 2 or labels.dtype != np.uint8:
            raise ConfigError(f"{labels_path}: class ids must be one channel of 8 bits")
        if picture.shape[:2] != labels.shape:
            raise ConfigError(
                f"{labels_path}: labels are {_size(labels)}, "
                f"their picture is {_size(picture)}"
            )
        return picture, labels


def _read(path: Path, flags: int) -> npt.NDArray[np.uint8]:
    picture = cv2.imread(str(path), flags)
    if picture is None:
        raise ConfigError(f"{path}: this is not a picture that can be read")
    return np.asarray(picture)


def _size(picture: npt.NDArray[np.uint8]) -> str:
    return f"{picture.shape[1]}x{picture.shape[0]}"
