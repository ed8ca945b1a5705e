"""What is in a data set, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskstream.models.classes import ClassTable
from maskstream.pipeline.errors import ConfigError
from maskstream.training.dataset import LabelledFolder
from maskstream.training.datasets import Layout, find_layout
from maskstream.training.datasets.unused import unused_pictures

__all__ = ["DataCheck", "SplitCheck", "check_data", "check_split"]


@dataclass(slots=True)
class SplitCheck:
    """The counts of one split; files that cannot be used are not in them."""

    classes: ClassTable
    num_pictures: int = 0
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)  # by (H, W)
    void_pixels: int = 0
    class_pixels: npt.NDArray[np.int64] = field(init=False)  # (K,)
    pictures_with_class: npt.NDArray[np.int64] = field(init=False)  # (K,)
    examples: list[int] = field(default_factory=list)  # indices of usable pictures
    troubles: list[str] = field(
        default_factory=list
    )  # a sentence a file, with its name

    def __post_init__(self) -> None:
        self.class_pixels = np.zeros(len(self.classes), np.int64)
        self.pictures_with_class = np.zeros(len(self.classes), np.int64)

    @property
    def void_share(self) -> float:
        """Share of all pixels of which nobody says what they are."""
        total = int(self.class_pixels.sum()) + self.void_pixels
        return self.void_pixels / max(1, total)

    @property
    def class_shares(self) -> npt.NDArray[np.float64]:
        """(K,) shares of the pixels that have a class."""
        shares: npt.NDArray[np.float64] = self.class_pixels / max(
            1, int(self.class_pixels.sum())
        )
        return shares


@dataclass(slots=True)
class DataCheck:
    """What is in a folder, split by split."""

    layout: Layout
    folders: dict[str, LabelledFolder] = field(default_factory=dict)
    splits: dict[str, SplitCheck] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    """Why a split, or all of them, cannot be read."""
    unused: list[Path] = field(default_factory=list)
    """Pictures beside those that are read, and labels without a picture."""


def check_data(
    root: Path, layout: str = "auto", classes: ClassTable | None = None
) -> DataCheck:
    """Read every picture and label map of a folder, and find what is left out.

    Raises:
        ConfigError: there is no such folder or layout, or the folder has none.
    """
    found = find_layout(root, layout, classes)
    check = DataCheck(found)
    for split in found.splits(root):
        try:
            folder = LabelledFolder.listed(root, split, found)
            if classes is not None:
                folder.expect_classes(classes)
        except ConfigError as error:
            check.troubles.append(str(error))
            continue
        check.folders[split] = folder
        check.splits[split] = check_split(folder)
    if not check.folders and not check.troubles:
        check.troubles.append(f"{root}: there is no split; wanted is {found.looks}")
    check.troubles = list(dict.fromkeys(check.troubles))  # of a table, once
    if not check.troubles:
        used = {
            path
            for folder in check.folders.values()
            for pair in folder.pairs
            for path in pair
        }
        check.unused = unused_pictures(root, used)
    return check


def check_split(folder: LabelledFolder) -> SplitCheck:
    """Read every picture and label map of a split, and count."""
    check = SplitCheck(folder.classes)
    num_classes = len(folder.classes)
    for index in range(len(folder)):
        try:
            folder.expect_files(index)
            _, labels = folder[index]
        except ConfigError as error:
            check.troubles.append(str(error))
            continue
        counts = np.bincount(labels.ravel(), minlength=num_classes)[:num_classes]
        check.examples.append(index)
        check.num_pictures += 1
        check.sizes[labels.shape[0], labels.shape[1]] += 1
        check.class_pixels += counts
        check.pictures_with_class += counts > 0
        check.void_pixels += labels.size - int(counts.sum())
    return check
