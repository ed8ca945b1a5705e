"""What one teacher says of a picture, in CamVid's classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from maskstream.models.classes import CAMVID
from maskstream.training.dataset import Labels, Picture

VOID = len(CAMVID)
"""Class id of pixels without a label."""


@dataclass(frozen=True, slots=True, eq=False)
class Opinion:
    """Labels of one teacher, and how sure it is of them."""

    labels: Labels  # (H, W) class ids, VOID where the teacher has nothing to say
    confidence: npt.NDArray[np.float32]  # (H, W) in 0..1; 1 where it gives none


class Teacher(Protocol):
    """A network trained elsewhere that labels part of CamVid's classes."""

    @property
    def speaks_of(self) -> frozenset[int]:
        """Class ids that it can say at all."""
        ...

    def __call__(self, picture: Picture) -> Opinion:
        """Label one picture, at the picture's size."""
        ...


def class_ids(names: dict[int, str]) -> Labels:
    """Make the lookup table from a network's own class ids to ours.

    Returns:
        (256,) uint8, VOID for what ``names`` does not name.

    Raises:
        ConfigError: if CamVid has no class of a name.
    """
    table = np.full(256, VOID, np.uint8)
    for theirs, name in names.items():
        table[theirs] = CAMVID.index(name)
    return table
