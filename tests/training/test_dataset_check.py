from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskstream.models.classes import CAMVID, ClassTable
from maskstream.training.contact_sheet import draw_contact_sheet
from maskstream.training.data_check import check_split
from maskstream.training.dataset import LabelledFolder
from tests.training.labelled import picture, rows_of, save


def test_a_split_is_counted(labelled_dir: Path) -> None:
    """Pictures, sizes, the share of each class and that of void."""
    check = check_split(LabelledFolder.open(labelled_dir, "train"))

    assert check.num_pictures == 3
    assert check.sizes == {(48, 64): 3}
    assert check.void_share == pytest.approx(4 / 64)
    assert check.class_shares[CAMVID.index("sky")] == pytest.approx(21 / 48)
    assert check.class_shares.sum() == pytest.approx(1)
    assert check.pictures_with_class[CAMVID.index("road")] == 3
    assert check.troubles == []


def test_each_file_that_cannot_be_used_is_named(labelled_dir: Path) -> None:
    """The others are counted all the same."""
    (labelled_dir / "images/train/0.png").write_bytes(b"no picture")
    save(labelled_dir / "labels/train/2.png", rows_of(*[200] * 48, width=64))

    check = check_split(LabelledFolder.open(labelled_dir, "train"))

    assert check.num_pictures == 1
    assert check.examples == [1]
    assert [trouble.partition(":")[0] for trouble in check.troubles] == [
        str(labelled_dir / "images/train/0.png"),
        str(labelled_dir / "labels/train/2.png"),
    ]


@pytest.mark.parametrize("size", [(1, 2000), (2000, 1)])
def test_the_contact_sheet_bears_any_shape(size: tuple[int, int]) -> None:
    """A line or a pillar of pixels is shown as a thumbnail like others."""
    sample = ("train a", picture(*size), np.zeros(size, np.uint8))

    sheet = draw_contact_sheet([sample], CAMVID)

    assert sheet.shape[0] < 1000


def test_the_contact_sheet_shows_labels_over_pictures() -> None:
    """Colours of classes shine through; the legend names all; any number fits."""
    classes = ClassTable(("left", "right"), ((250, 0, 0), (0, 0, 250)))
    labels = np.zeros((60, 80), np.uint8)
    labels[:, 40:] = 1
    sample = ("train a", picture(60, 80, 128), labels)

    sheet = draw_contact_sheet([sample] * 5, classes)

    red, _, blue = np.moveaxis(sheet.astype(int), -1, 0)
    assert sheet.shape[1] > 4 * 320
    assert (red > blue + 100).sum() == pytest.approx(5 * 160 * 240, rel=0.02)
    assert (blue > red + 100).sum() == pytest.approx(5 * 160 * 240, rel=0.02)
