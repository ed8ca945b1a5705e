"""Pictures with a class id for each pixel, whatever the layout of their files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskstream.models.classes import ClassTable
from maskstream.pipeline.errors import ConfigError
from maskstream.training.datasets import (
    Labels,
    Layout,
    Listing,
    Picture,
    find_layout,
)

__all__ = ["LabelledFolder", "Labels", "Picture"]


@dataclass(frozen=True, slots=True)
class LabelledFolder:
    """The pictures of one split, each with its labels, in the order of their names.

    Labels are class ids of ``classes``, and 255 where nobody says what is there.
    """

    listing: Listing

    @classmethod
    def open(
        cls,
        root: Path,
        split: str,
        *,
        layout: str = "auto",
        classes: ClassTable | None = None,
    ) -> LabelledFolder:
        """List the pictures of a split.

        Args:
            root: The folder of the data set.
            split: Such as ``train`` or ``val``.
            layout: One of `LAYOUTS`; found by looking if it is ``auto``.
            classes: Table for labels whose folder brings none; CamVid's by default.

        Raises:
            ConfigError: if the layout is not known, the split is missing or empty, or a
                picture has no labels.
        """
        folder = cls.listed(root, split, find_layout(root, layout, classes))
        for index in range(len(folder)):
            folder.expect_files(index)
        return folder

    @classmethod
    def listed(cls, root: Path, split: str, found: Layout) -> LabelledFolder:
        """List the pictures of a split, of which files may be missing.

        Raises:
            ConfigError: if the split is missing or empty.
        """
        splits = found.splits(root)
        if split not in splits:
            raise ConfigError(
                f"{root}: no split is named {split!r}; "
                f"there is {' and '.join(splits) or 'none'}"
            )
        listing = found.list_split(root, split)
        if not listing.pairs:
            raise ConfigError(
                f"{root}: no pictures in split {split}; wanted is {found.looks}"
            )
        return cls(listing)

    def expect_files(self, index: int) -> None:
        """Look whether a picture and its labels are there.

        Raises:
            ConfigError: one of them is missing.
        """
        picture, truth = self.pairs[index]
        if not picture.is_file():
            raise ConfigError(f"{picture}: this picture is missing")
        if not truth.is_file():
            raise ConfigError(f"{picture}: its labels are missing, {truth} wanted")

    @property
    def pairs(self) -> tuple[tuple[Path, Path], ...]:
        """The file of each picture and that of its labels."""
        return self.listing.pairs

    @property
    def classes(self) -> ClassTable:
        """What the class ids mean."""
        return self.listing.classes

    def expect_classes(self, given: ClassTable) -> None:
        """Refuse a table that the user gave where the folder brings another.

        Raises:
            ConfigError: the two differ.
        """
        if self.classes != given:
            raise ConfigError(
                "the class table given is not the one of the pictures, which is "
                f"{', '.join(self.classes.names)}; leave it out"
            )

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[tuple[Picture, Labels]]:
        for index in range(len(self)):
            yield self[index]

    def __getitem__(self, index: int) -> tuple[Picture, Labels]:
        """Read one picture with its labels.

        Raises:
            ConfigError: if a file is no picture, a label is not known, or the two
                differ in size.
        """
        picture_path, labels_path = self.pairs[index]
        picture = self.listing.read_picture(picture_path)
        labels = self.listing.read_labels(labels_path)
        if picture.shape[:2] != labels.shape:
            raise ConfigError(
                f"{labels_path}: labels are {_size(labels)}, "
                f"their picture is {_size(picture)}"
            )
        return picture, labels


def _size(picture: npt.NDArray[np.uint8]) -> str:
    return f"{picture.shape[1]}x{picture.shape[0]}"
