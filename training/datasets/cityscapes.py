"""Cityscapes: the published folders, and pairs joined in one JPEG.

M. Cordts et al.: "The Cityscapes dataset for semantic urban scene understanding", CVPR
2016. Ids, train ids and colours are those of labels.py in its scripts.
"""

from __future__ import annotations

from pathlib import Path

from maskstream.models.class_tables import CITYSCAPES
from maskstream.models.classes import Colour
from maskstream.training.datasets.labels import (
    VOID,
    IdLabels,
    NearestColourLabels,
    Picture,
    read_picture,
)
from maskstream.training.datasets.layout import Listing, list_pictures

__all__ = ["CityscapesFolders", "JoinedPairs"]


_SCORED_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""Ids of the classes that are scored, by train id."""

_UNSCORED: dict[int, Colour] = {
    0: (0, 0, 0),  # unlabeled
    1: (0, 0, 0),  # ego vehicle
    2: (0, 0, 0),  # rectification border
    3: (0, 0, 0),  # out of roi
    4: (0, 0, 0),  # static
    5: (111, 74, 0),  # dynamic
    6: (81, 0, 81),  # ground
    9: (250, 170, 160),  # parking
    10: (230, 150, 140),  # rail track
    14: (180, 165, 180),  # guard rail
    15: (150, 100, 100),  # bridge
    16: (150, 120, 90),  # tunnel
    18: (153, 153, 153),  # polegroup
    29: (0, 0, 90),  # caravan
    30: (0, 0, 110),  # trailer
}
"""Colours of the labels that are no class, by id."""


class CityscapesFolders:
    """``leftImg8bit`` with the ``labelIds`` of ``gtFine``, a folder for each city."""

    name = "cityscapes"
    looks = "leftImg8bit/SPLIT/CITY with the labelIds in gtFine/SPLIT/CITY"

    def is_at(self, root: Path) -> bool:
        """Look for the two folders."""
        return (root / "leftImg8bit").is_dir() and (root / "gtFine").is_dir()

    def splits(self, root: Path) -> tuple[str, ...]:
        """Name the folders, but not ``test``, whose labels nobody has."""
        folders = sorted(p.name for p in (root / "leftImg8bit").iterdir() if p.is_dir())
        return tuple(name for name in folders if name != "test")

    def list_split(self, root: Path, split: str) -> Listing:
        """List a split, city by city."""
        pictures = sorted((root / "leftImg8bit" / split).glob("*/*_leftImg8bit.png"))
        pairs = tuple((path, self._labels(root, path)) for path in pictures)
        scored = {label_id: n for n, label_id in enumerate(_SCORED_IDS)}
        return Listing(pairs, CITYSCAPES, IdLabels.of(scored, (*_UNSCORED, VOID)))

    def _labels(self, root: Path, picture: Path) -> Path:
        city = picture.parent
        frame = picture.name.removesuffix("_leftImg8bit.png")
        return (
            root / "gtFine" / city.parent.name / city.name
        ) / f"{frame}_gtFine_labelIds.png"


class JoinedPairs:
    """JPEGs with the picture on the left and its labels in colour on the right.

    As pix2pix wants them. The colours have been through JPEG, so that each pixel is of
    the class, or of the label that is not scored, whose colour is nearest.
    """

    name = "joined"
    looks = "SPLIT/NAME.jpg, each with the picture left and Cityscapes colours right"

    def is_at(self, root: Path) -> bool:
        """Look for folders of JPEGs."""
        return bool(self.splits(root))

    def splits(self, root: Path) -> tuple[str, ...]:
        """Name the folders that hold JPEGs."""
        jpegs = (p for p in root.glob("*/*") if p.suffix.lower() in (".jpg", ".jpeg"))
        return tuple(sorted({path.parent.name for path in jpegs}))

    def list_split(self, root: Path, split: str) -> Listing:
        """List a split; each file is picture and labels."""
        pairs = tuple((path, path) for path in list_pictures(root / split))
        ids = dict.fromkeys(_UNSCORED.values(), VOID) | {
            colour: n for n, colour in enumerate(CITYSCAPES.colours)
        }
        return Listing(pairs, CITYSCAPES, NearestColourLabels.of(ids), _read_left)


def _read_left(path: Path) -> Picture:
    """Read the left half of a file."""
    both = read_picture(path)
    return both[:, : both.shape[1] // 2]
