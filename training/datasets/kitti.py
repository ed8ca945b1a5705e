"""KITTI road: where a car can drive.

J. Fritsch, T. Kühnl, A. Geiger: "A new performance measure and evaluation benchmark for
road detection algorithms", ITSC 2013.
"""

from __future__ import annotations

from pathlib import Path

from maskstream.models.classes import ClassTable
from maskstream.training.datasets.labels import VOID, ColourLabels
from maskstream.training.datasets.layout import Listing, held_out, list_pictures

__all__ = ["KITTI_ROAD", "KittiRoad"]

KITTI_ROAD = ClassTable(
    names=("other", "road"), colours=((110, 110, 110), (128, 64, 128))
)

_CLASS_IDS = {(255, 0, 0): 0, (255, 0, 255): 1, (0, 0, 0): VOID}


class KittiRoad:
    """289 pictures of three kinds of road: marked, marked with many lanes, unmarked.

    Only they have labels; the last fifth of each kind is ``val``.
    """

    name = "kitti-road"
    looks = "training/image_2/um_N.png with training/gt_image_2/um_road_N.png"

    def is_at(self, root: Path) -> bool:
        """Look for the labels."""
        return (root / "training/gt_image_2").is_dir()

    def splits(self, root: Path) -> tuple[str, ...]:
        """Name the two parts."""
        return ("train", "val") if self.is_at(root) else ()

    def list_split(self, root: Path, split: str) -> Listing:
        """List one part of each kind of road."""
        pictures = list_pictures(root / "training/image_2")
        kinds = ("um", "umm", "uu")
        by_kind = [[p for p in pictures if p.stem.split("_")[0] == k] for k in kinds]
        chosen = [path for kind in by_kind for path in held_out(kind, split)]
        labels = root / "training/gt_image_2"
        pairs = tuple(
            (path, labels / path.name.replace("_", "_road_")) for path in chosen
        )
        return Listing(pairs, KITTI_ROAD, ColourLabels.of(_CLASS_IDS))
