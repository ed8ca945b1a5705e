"""Cityscapes: the published folders, and pairs joined in one JPEG.

M. Cordts et al.: "The Cityscapes dataset for semantic urban scene understanding", CVPR
2016. Ids, train ids and colours are those of labels.py in its scripts.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from maskstream.models.classes import ClassTable, Colour
from maskstream.training.datasets.labels import (
    VOID,
    IdLabels,
    NearestColourLabels,
    Picture,
    read_picture,
)
from maskstream.training.datasets.layout import Listing, list_pictures

__all__ = ["CITYSCAPES", "CityscapesFolders", "JoinedPairs"]


class _Label(NamedTuple):
    """One of the published labels; the index in the table below is its id."""

    name: str
    colour: Colour
    is_scored: bool = True


_LABELS = (
    _Label("unlabeled", (0, 0, 0), False),
    _Label("ego vehicle", (0, 0, 0), False),
    _Label("rectification border", (0, 0, 0), False),
    _Label("out of roi", (0, 0, 0), False),
    _Label("static", (0, 0, 0), False),
    _Label("dynamic", (111, 74, 0), False),
    _Label("ground", (81, 0, 81), False),
    _Label("road", (128, 64, 128)),
    _Label("sidewalk", (244, 35, 232)),
    _Label("parking", (250, 170, 160), False),
    _Label("rail track", (230, 150, 140), False),
    _Label("building", (70, 70, 70)),
    _Label("wall", (102, 102, 156)),
    _Label("fence", (190, 153, 153)),
    _Label("guard rail", (180, 165, 180), False),
    _Label("bridge", (150, 100, 100), False),
    _Label("tunnel", (150, 120, 90), False),
    _Label("pole", (153, 153, 153)),
    _Label("polegroup", (153, 153, 153), False),
    _Label("traffic light", (250, 170, 30)),
    _Label("traffic sign", (220, 220, 0)),
    _Label("vegetation", (107, 142, 35)),
    _Label("terrain", (152, 251, 152)),
    _Label("sky", (70, 130, 180)),
    _Label("person", (220, 20, 60)),
    _Label("rider", (255, 0, 0)),
    _Label("car", (0, 0, 142)),
    _Label("truck", (0, 0, 70)),
    _Label("bus", (0, 60, 100)),
    _Label("caravan", (0, 0, 90), False),
    _Label("trailer", (0, 0, 110), False),
    _Label("train", (0, 80, 100)),
    _Label("motorcycle", (0, 0, 230)),
    _Label("bicycle", (119, 11, 32)),
)

_SCORED = tuple(label for label in _LABELS if label.is_scored)

CITYSCAPES = ClassTable(
    names=tuple(label.name for label in _SCORED),
    colours=tuple(label.colour for label in _SCORED),
    countable=(
        "traffic light",
        "traffic sign",
        "person",
        "rider",
        "car",
        "truck",
        "bus",
        "train",
        "motorcycle",
        "bicycle",
    ),
)
"""The 19 classes that are scored; the class id is the train id."""


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
        scored = {_LABELS.index(label): n for n, label in enumerate(_SCORED)}
        void = [n for n, label in enumerate(_LABELS) if not label.is_scored]
        return Listing(pairs, CITYSCAPES, IdLabels.of(scored, (*void, VOID)))

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
        folders = sorted(path.parent.name for path in root.glob("*/*.jpg"))
        return tuple(dict.fromkeys(folders))

    def list_split(self, root: Path, split: str) -> Listing:
        """List a split; each file is picture and labels."""
        pairs = tuple((path, path) for path in list_pictures(root / split))
        ids = dict.fromkeys((label.colour for label in _LABELS), VOID) | {
            colour: n for n, colour in enumerate(CITYSCAPES.colours)
        }
        return Listing(pairs, CITYSCAPES, NearestColourLabels.of(ids), _read_left)


def _read_left(path: Path) -> Picture:
    """Read the left half of a file."""
    both = read_picture(path)
    return both[:, : both.shape[1] // 2]
