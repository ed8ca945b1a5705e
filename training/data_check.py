"""What is in a data set, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from maskstream.models.classes import ClassTable
from maskstream.pipeline.errors import ConfigError
from maskstream.training.dataset import LabelledFolder

__all__ = ["SplitCheck", "check_split"]


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


def check_split(folder: LabelledFolder) -> SplitCheck:
    """Read every picture and label map of a split, and count."""
    check = SplitCheck(folder.classes)
    num_classes = len(folder.classes)
    for index in range(len(folder)):
        try:
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
