from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskstream.training.data_check import check_data
from tests.training.labelled import picture, rows_of, save


@pytest.mark.parametrize("ending", [".bmp", ".tif", ".tiff", ".jpeg", ".webp", ".JPG"])
def test_pictures_of_the_usual_kinds_are_read(labelled_dir: Path, ending: str) -> None:
    """By the end of the name, in capitals too."""
    path = labelled_dir / f"images/val/4{ending}"
    Image.fromarray(picture(48, 64)).save(path)
    save(labelled_dir / "labels/val/4.png", np.zeros((48, 64), np.uint8))

    check = check_data(labelled_dir)

    assert check.splits["val"].num_pictures == 2
    assert not check.unused
    assert not check.troubles


def test_a_picture_of_no_split_is_found(labelled_dir: Path) -> None:
    """In a folder too deep, of a kind that is not read, or labels without a picture."""
    strays = [
        labelled_dir / name
        for name in ("images/5.gif", "images/train/more/6.png", "labels/val/7.png")
    ]
    for path in strays:
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(picture()).save(path)

    assert check_data(labelled_dir).unused == strays


def test_a_picture_without_labels_ends_no_check(labelled_dir: Path) -> None:
    """Nor does a first label map that is damaged: both are named."""
    (labelled_dir / "labels/train/0.png").write_bytes(b"")
    (labelled_dir / "labels/train/1.png").unlink()

    train = check_data(labelled_dir).splits["train"]

    assert train.num_pictures == 1
    assert ["labels/train/0.png" in train.troubles[0], len(train.troubles)] == [True, 2]
    assert "images/train/1.png: its labels are missing" in train.troubles[1]


def test_a_folder_without_a_split_is_no_success(tmp_path: Path) -> None:
    """VOC without its lists says nothing about what to read."""
    save(tmp_path / "JPEGImages/a.jpg", picture())
    save(tmp_path / "SegmentationClass/a.png", rows_of(0))

    (trouble,) = check_data(tmp_path).troubles

    assert "there is no split; wanted is" in trouble
    assert "ImageSets/Segmentation/train.txt" in trouble


@pytest.mark.parametrize("layout", ["voc", "camvid-segnet"])
def test_a_list_that_is_not_utf_8_is_named(tmp_path: Path, layout: str) -> None:
    """By its place in the folder."""
    place = "ImageSets/Segmentation/val.txt" if layout == "voc" else "val.txt"
    for folder in ("JPEGImages", "SegmentationClass", "valannot"):
        (tmp_path / folder).mkdir()
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_bytes("Straße\n".encode("latin-1"))

    (trouble,) = check_data(tmp_path, layout).troubles

    assert trouble.endswith(
        f"{place}: this list of pictures is not UTF-8: byte 4 is 0xdf"
    )


@pytest.mark.slow
def test_damaged_labels_of_sbd_are_named(tmp_path: Path) -> None:
    """An empty file, flipped bytes, MATLAB 7.3; the others are counted."""
    from scipy.io import savemat

    (tmp_path / "cls").mkdir()
    for name in "abcd":
        save(tmp_path / f"img/{name}.jpg", picture(2, 2))
        truth = {"GTcls": {"Segmentation": np.zeros((2, 2), np.uint8)}}
        savemat(tmp_path / f"cls/{name}.mat", truth, do_compression=True)
    (tmp_path / "train.txt").write_text("a\nb\nc\nd\n")
    (tmp_path / "cls/a.mat").write_bytes(b"")
    flipped = bytearray((tmp_path / "cls/b.mat").read_bytes())
    flipped[150:160] = bytes(10)
    (tmp_path / "cls/b.mat").write_bytes(flipped)
    newer = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(400)
    (tmp_path / "cls/c.mat").write_bytes(newer)

    train = check_data(tmp_path).splits["train"]

    assert train.num_pictures == 1
    for name, trouble in zip("abc", train.troubles, strict=True):
        assert f"cls/{name}.mat: these are not labels of sbd: " in trouble
