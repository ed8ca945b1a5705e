"""Pictures as a stream: one after the other, each as it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.clips import make_pictures, read_index
from tests.decoding import decode, pts_of


def test_pictures_come_at_a_steady_rate(tmp_path: Path) -> None:
    """Twenty-five a second."""
    folder = make_pictures(tmp_path, count=12)

    frames = decode(folder).frames

    assert [read_index(frame.picture) for frame in frames] == list(range(12))
    assert pts_of(frames) == list(range(12))
    assert frames[1].pts_seconds == 0.04
    assert {frame.duration for frame in frames} == {1}
    assert frames[0].format.average_rate == 25


@pytest.mark.parametrize("suffix", ["bmp", "jpg", "png", "tiff", "webp"])
def test_each_kind_of_picture_is_read(tmp_path: Path, suffix: str) -> None:
    """Whatever the kind, the index is there to be read."""
    folder = make_pictures(tmp_path, pattern=f"%d.{suffix}")

    frames = decode(folder).frames

    assert [read_index(frame.picture) for frame in frames] == [0, 1, 2]


def test_a_picture_with_the_wrong_suffix_is_read(tmp_path: Path) -> None:
    """What is in it counts."""
    folder = make_pictures(tmp_path, count=1)
    (folder / "0.png").rename(folder / "0.jpg")

    assert decode(folder).frames[0].picture.format.name == "rgb24"


def test_pictures_may_differ_in_size_and_kind(tmp_path: Path) -> None:
    """Each change is a new format."""
    make_pictures(tmp_path, count=2)
    make_pictures(tmp_path, count=2, first=2, size_hw=(32, 48), pattern="%d.jpg")

    frames = decode(tmp_path).frames

    assert [frame.format.height for frame in frames] == [64, 64, 32, 32]
    assert len({id(frame.format) for frame in frames}) == 2


def test_a_picture_that_cannot_be_read_leaves_a_gap(tmp_path: Path) -> None:
    """Those after it keep their time."""
    folder = make_pictures(tmp_path, count=3)
    (folder / "1.png").write_bytes(b"not a picture")

    decoded = decode(folder)

    assert pts_of(decoded.frames) == [0, 2]
    assert decoded.notes == {"corrupt_pictures": 1}


def test_a_jpeg_that_ends_in_the_middle_is_no_picture(tmp_path: Path) -> None:
    """FFmpeg would fill the rest with grey, and the network find something in it."""
    folder = make_pictures(tmp_path, count=3, pattern="%d.jpg")
    whole = (folder / "1.jpg").read_bytes()
    (folder / "1.jpg").write_bytes(whole[: len(whole) * 3 // 4])

    decoded = decode(folder)

    assert pts_of(decoded.frames) == [0, 2]
    assert decoded.notes == {"corrupt_pictures": 1}


def test_a_part_of_the_pictures_is_read(tmp_path: Path) -> None:
    """What comes before is not opened."""
    folder = make_pictures(tmp_path, count=10)
    shutil.copy(folder / "5.png", folder / "0.png")

    decoded = decode(folder, start_s=0.08, duration_s=0.12)

    assert pts_of(decoded.frames) == [2, 3, 4]
    assert decoded.num_decoded == 3


def test_pictures_none_of_which_can_be_read_are_an_error(tmp_path: Path) -> None:
    """The folder is named."""
    (tmp_path / "0.png").touch()

    with pytest.raises(OSError, match="no picture in it can be decoded"):
        decode(tmp_path)
