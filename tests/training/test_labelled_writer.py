from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskstream.models.classes import CAMVID, ClassTable
from maskstream.pipeline.errors import ConfigError
from maskstream.training.dataset import LabelledFolder
from maskstream.training.labelled_writer import write_labelled
from tests.training.labelled import picture, rows_of

TWO = ClassTable(("road", "rest"), ((128, 64, 128), (0, 0, 0)))


def write(out: Path, *names: str, split: str = "train", table: ClassTable = TWO) -> int:
    """Write pictures of one row of road and one of void, and count them."""
    labelled = [(name, picture(2), rows_of(0, 255)) for name in names]
    count, share = write_labelled(labelled, out, split=split, classes=table, void=255)
    assert share == 0.5
    return count


def test_training_reads_what_is_written(tmp_path: Path) -> None:
    """With the classes that the labels mean, which are not CamVid's."""
    assert write(tmp_path / "set", "a", "b") == 2

    folder = LabelledFolder.open(tmp_path / "set", "train")
    assert folder.classes == TWO
    assert np.array_equal(folder[1][1], rows_of(0, 255))


def test_one_name_twice_is_two_pictures(tmp_path: Path) -> None:
    """Frames of two clips of one name; none is written over another."""
    assert write(tmp_path / "set", "a", "a", "a-2") == 3

    folder = LabelledFolder.open(tmp_path / "set", "train")
    names = [path.stem for path, _ in folder.pairs]
    assert sorted(names) == ["a", "a-2", "a-2-2"]


def test_a_split_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    """Another split of the same classes may be added."""
    write(tmp_path, "a")
    write(tmp_path, "a", split="val")

    with pytest.raises(ConfigError, match=r"images/train is not empty"):
        write(tmp_path, "b")


def test_labels_of_other_classes_are_not_added(tmp_path: Path) -> None:
    """Ids would mean one thing in one split and another in the next."""
    write(tmp_path, "a")

    with pytest.raises(ConfigError, match=r"classes\.json: .* other classes"):
        write(tmp_path, "a", split="val", table=CAMVID)
