"""``maskstream data check``, on a small data set."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from tests.end_to_end.conftest import Run
from tests.training.labelled import picture, rows_of, save

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six pictures of 8x6 that nobody has split: sky, road and void."""
    root = tmp_path / "pictures"
    for n in range(6):
        save(root / f"images/{n}.jpg", picture())
        save(root / f"labels/{n}.png", rows_of(0, 0, 3, 3, 3, 255))
    return root


def test_a_data_set_is_described(run: Run, folder: Path, tmp_path: Path) -> None:
    """Layout, counts, sizes and shares are told, and the contact sheet is a picture."""
    sheet = tmp_path / "sheet.png"

    done = run("data", "check", folder, "--sheet", sheet)

    assert done.code == 0
    assert done.err == ""
    assert "layout: folder" in done.out
    lines = [line.split() for line in done.out.splitlines()]
    assert ["train", "5", "8x6", "16.7%"] in lines
    assert ["3", "road", "60.00%", "5", "60.00%", "1"] in lines
    assert cv2.imread(str(sheet)) is not None


def test_wrong_files_are_named_and_fail(run: Run, folder: Path, tmp_path: Path) -> None:
    """One sentence for each, and the rest is described all the same."""
    save(folder / "labels/1.png", rows_of(99, 0, 0, 0, 0, 0))

    done = run("data", "check", folder, "--sheet", tmp_path / "sheet.png")

    assert done.code == 1
    assert "labels/1.png: 8 pixels have id 99" in done.sentence
    assert ["train", "4", "8x6", "16.7%"] in [s.split() for s in done.out.splitlines()]


def test_a_picture_of_no_split_is_named(run: Run, folder: Path, tmp_path: Path) -> None:
    """It was meant to be learnt from."""
    save(folder / "images/more/7.jpg", picture())
    save(folder / "images/more/8.JPG", picture())

    done = run("data", "check", folder, "--sheet", tmp_path / "sheet.png")

    assert done.code == 1
    assert f"{folder}/labels/0.png: in no split; wanted is images/SPLIT" in done.err


def test_a_folder_of_something_else_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    """The sentence says what a data set looks like."""
    done = run("data", "check", tmp_path)

    assert done.code == 2
    assert "images/SPLIT/NAME.jpg with labels/SPLIT/NAME.png" in done.sentence


def test_a_sheet_that_cannot_be_written_is_one_sentence(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    """A folder that does not exist is named, before any picture is read."""
    done = run("data", "check", folder, "--sheet", tmp_path / "no/sheet.png")

    assert done.code == 2
    assert done.out == ""
    assert f"{tmp_path}/no: there is no such folder to write into" in done.sentence


def test_a_full_disk_leaves_no_empty_sheet(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    """The one before stays."""
    sheet = tmp_path / "sheet.png"
    sheet.write_text("the one before")
    (tmp_path / "sheet.png.part").symlink_to("/dev/full")

    done = run("data", "check", folder, "--sheet", sheet)

    assert done.code == 1
    assert f"{sheet} cannot be written: no space left" in done.sentence
    assert sheet.read_text() == "the one before"
