from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from maskstream.pipeline.errors import ConfigError
from maskstream.training.dataset import LabelledFolder


def test_pictures_come_with_their_labels(labelled_dir: Path) -> None:
    """Pictures are RGB, labels are class ids, in the order of the names."""
    folder = LabelledFolder.open(labelled_dir, "train")

    picture, labels = folder[0]

    assert [path.stem for path, _ in folder.pairs] == ["0", "1", "2"]
    assert picture.shape == (48, 64, 3)
    assert labels.shape == (48, 64)
    assert set(np.unique(labels)) == {0, 3, 255}


def test_pictures_are_read_as_rgb(labelled_dir: Path) -> None:
    """Red is the first channel."""
    red_bgr = np.zeros((48, 64, 3), np.uint8)
    red_bgr[..., 2] = 255
    cv2.imwrite(str(labelled_dir / "images/val/3.png"), red_bgr)

    picture, _ = LabelledFolder.open(labelled_dir, "val")[0]

    assert picture[0, 0].tolist() == [255, 0, 0]


def test_a_split_that_is_not_there_is_named(labelled_dir: Path) -> None:
    """The message holds the folder that was looked for."""
    with pytest.raises(ConfigError, match="images/test: no such folder"):
        LabelledFolder.open(labelled_dir, "test")


def test_a_folder_without_pictures_is_named(labelled_dir: Path) -> None:
    """Other files do not count as pictures."""
    (labelled_dir / "images/val/3.png").rename(labelled_dir / "images/val/3.txt")

    with pytest.raises(ConfigError, match="images/val: no pictures"):
        LabelledFolder.open(labelled_dir, "val")


def test_a_picture_without_labels_is_named(labelled_dir: Path) -> None:
    """It is found before anything is read."""
    (labelled_dir / "labels/train/1.png").unlink()

    with pytest.raises(
        ConfigError, match=r"images/train/1\.png: its labels are missing"
    ):
        LabelledFolder.open(labelled_dir, "train")


def test_a_file_that_is_no_picture_is_named(labelled_dir: Path) -> None:
    """Damage is told by the name of the file."""
    (labelled_dir / "images/val/3.png").write_bytes(b"not a picture")

    with pytest.raises(ConfigError, match=r"images/val/3\.png: this is not a picture"):
        LabelledFolder.open(labelled_dir, "val")[0]


def test_labels_in_colour_are_refused(labelled_dir: Path) -> None:
    """Class ids are one channel; a coloured label map must be converted first."""
    path = labelled_dir / "labels/val/3.png"
    cv2.imwrite(str(path), np.zeros((48, 64, 3), np.uint8))

    with pytest.raises(ConfigError, match=r"labels/val/3\.png: class ids must be one"):
        LabelledFolder.open(labelled_dir, "val")[0]


def test_labels_of_another_size_are_refused(labelled_dir: Path) -> None:
    """Both sizes are in the message."""
    path = labelled_dir / "labels/val/3.png"
    cv2.imwrite(str(path), np.zeros((24, 32), np.uint8))

    with pytest.raises(ConfigError, match=r"labels are 32x24, their picture is 64x48"):
        LabelledFolder.open(labelled_dir, "val")[0]
