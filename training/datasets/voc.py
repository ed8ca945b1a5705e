"""Pascal VOC 2011 and 2012, and the labels that SBD adds to it.

M. Everingham et al.: "The Pascal visual object classes challenge", IJCV 2010.
B. Hariharan et al.: "Semantic contours from inverse detectors", ICCV 2011 (SBD).
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np

from maskstream.models.class_tables import PASCAL_VOC
from maskstream.pipeline.errors import ConfigError
from maskstream.training.datasets.labels import VOID, IdLabels, Labels
from maskstream.training.datasets.layout import Listing, read_lines

__all__ = ["SbdLayout", "VocLayout"]

_MAT_DAMAGE = (
    LookupError,
    MemoryError,
    NotImplementedError,  # of MATLAB 7.3
    OSError,
    TypeError,
    ValueError,
    zlib.error,
)
"""What scipy raises of other and of damaged files beside its own error."""


_MAT_HEADER, _MAT_COMPRESSED = 128, 15


class VocLayout:
    """A year's folder of VOC; 255 is the border around things.

    ``seg11valid``, which the FCN paper scores on, is the validation set of 2011 without
    the training pictures of SBD. It is a split where its list lies with the others, or
    where SBD lies beside VOC2011 and the rule can be followed.
    """

    name = "voc"
    looks = (
        "JPEGImages/NAME.jpg with SegmentationClass/NAME.png, and lists of names as "
        "ImageSets/Segmentation/train.txt"
    )

    def is_at(self, root: Path) -> bool:
        """Look for pictures and labels."""
        return (root / "JPEGImages").is_dir() and (root / "SegmentationClass").is_dir()

    def splits(self, root: Path) -> tuple[str, ...]:
        """Name the lists of ``ImageSets/Segmentation``."""
        lists = {path.stem for path in self._list(root, "").parent.glob("*.txt")}
        if _sbd_beside(root) is not None and "val" in lists:
            lists.add("seg11valid")
        return tuple(sorted(lists))

    def list_split(self, root: Path, split: str) -> Listing:
        """List the pictures that a list names."""
        sbd = _sbd_beside(root)
        if sbd is not None and not self._list(root, split).is_file():
            learnt = set(_read_names(sbd / "train.txt"))
            names = _read_names(self._list(root, "val"))
            names = [name for name in names if name not in learnt]
        else:
            names = _read_names(self._list(root, split))
        pairs = tuple(
            (root / f"JPEGImages/{name}.jpg", root / f"SegmentationClass/{name}.png")
            for name in names
        )
        own = {class_id: class_id for class_id in range(len(PASCAL_VOC))}
        return Listing(pairs, PASCAL_VOC, IdLabels.of(own, void=(VOID,)))

    def _list(self, root: Path, split: str) -> Path:
        return root / "ImageSets" / "Segmentation" / f"{split}.txt"


class SbdLayout:
    """SBD's own folder, whose labels are MATLAB files without a border."""

    name = "sbd"
    looks = "img/NAME.jpg with cls/NAME.mat, and train.txt and val.txt"

    def is_at(self, root: Path) -> bool:
        """Look for pictures and labels."""
        return (root / "img").is_dir() and (root / "cls").is_dir()

    def splits(self, root: Path) -> tuple[str, ...]:
        """Name the lists."""
        return tuple(sorted(path.stem for path in root.glob("*.txt")))

    def list_split(self, root: Path, split: str) -> Listing:
        """List the pictures that a list names."""
        pairs = tuple(
            (root / f"img/{name}.jpg", root / f"cls/{name}.mat")
            for name in _read_names(root / f"{split}.txt")
        )
        return Listing(pairs, PASCAL_VOC, _read_sbd)


def _read_sbd(path: Path) -> Labels:
    """Read the labels of one picture from a MATLAB file.

    Raises:
        ConfigError: if SciPy is missing, or the file is none of SBD's.
    """
    try:
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError
    except ImportError as error:
        raise ConfigError(
            "labels of sbd are MATLAB files, which scipy reads; "
            'run pip install "maskstream[train]"'
        ) from error
    try:
        content = path.read_bytes()
        _check_sums(content)
        loaded = loadmat(io.BytesIO(content))
        labels = np.asarray(loaded["GTcls"]["Segmentation"][0, 0], np.uint8)
    except (MatReadError, *_MAT_DAMAGE) as error:
        raise ConfigError(f"{path}: these are not labels of sbd: {error}") from error
    last = len(PASCAL_VOC) - 1
    if labels.max(initial=0) > last:
        raise ConfigError(
            f"{path}: id {labels.max()} is no class; known are 0 to {last}"
        )
    return labels


def _check_sums(content: bytes) -> None:
    """Raise zlib.error where something compressed is damaged.

    scipy looks at what is in it before its sum, and was seen to crash there. MATLAB's
    description of its MAT-file format 5: a header of 128 bytes, then elements, each of
    a kind, its bytes, and those.
    """
    order = ">" if content[126:128] == b"MI" else "<"
    at = _MAT_HEADER
    while at + 8 <= len(content):
        kind, length = struct.unpack_from(f"{order}II", content, at)
        at += 8
        if kind != _MAT_COMPRESSED:
            return  # SBD's are compressed as a whole
        zlib.decompress(content[at : at + length])
        at += length


def _sbd_beside(root: Path) -> Path | None:
    """Find SBD near the folder of VOC2011, where it usually is unpacked."""
    if root.resolve().name != "VOC2011":
        return None
    above = root.resolve().parents[:2]
    places = [
        folder / name
        for folder in above
        for name in ("benchmark_RELEASE/dataset", "SBD")
    ]
    return next((place for place in places if (place / "train.txt").is_file()), None)


def _read_names(path: Path) -> list[str]:
    return [name for line in read_lines(path) for name in line.split()]
