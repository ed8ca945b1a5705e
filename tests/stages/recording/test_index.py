from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from maskstream.stages.recording.index import Segment, SegmentIndex
from tests.recordings import NOON, a_segment

BEGUN = a_segment("cam/one.mp4", NOON)
ENDED = replace(
    BEGUN, end=NOON + 59.5, frames=60, bytes=12345, is_cut=True, reason="killed"
)


def files(index: SegmentIndex, since: float, until: float) -> list[str]:
    """List the files in a span of seconds after noon."""
    return [it.file for it in index.read("cam", NOON + since, NOON + until)]


@pytest.mark.parametrize("segment", [BEGUN, ENDED])
def test_a_line_holds_all_that_is_known(segment: Segment) -> None:
    """Written and read, it is the same."""
    assert Segment.from_json(segment.to_json()) == segment


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "7",
        "{}",
        ENDED.to_json()[:-9],
        ENDED.to_json().replace("cam/one.mp4", "../one.mp4"),
        ENDED.to_json().replace("cam/one.mp4", "/etc/one.mp4"),
        ENDED.to_json().replace('"cam/one.mp4"', "7"),
        ENDED.to_json().replace('"frames"', '"hugs"'),
        ENDED.to_json().replace("1/90000", "1/0"),
        ENDED.to_json().replace("12345", "[]"),
        ENDED.to_json().replace('"video"', "{}"),
        ENDED.to_json().replace("2026", "hello"),
    ],
)
def test_what_is_no_segment_is_told_from_one(line: str) -> None:
    """Also one whose file is not within the folder: somebody may delete by it."""
    with pytest.raises(ValueError, match=r".+"):
        Segment.from_json(line)


def test_the_last_line_about_a_file_holds(tmp_path: Path) -> None:
    """One says that it has begun, the other that it has ended."""
    index = SegmentIndex(tmp_path)

    index.append(BEGUN)
    index.append(ENDED)

    assert list(index.read("cam", NOON, NOON + 1)) == [ENDED]


def test_a_torn_line_costs_itself_only(tmp_path: Path) -> None:
    """What a kill left is passed over, and the next line does not hang on to it."""
    index = SegmentIndex(tmp_path)
    index.append(ENDED)
    path = index.day_file(ENDED)
    path.write_bytes(path.read_bytes() + b'{"stream":"cam","ki\xff')

    index.append(replace(ENDED, file="cam/two.mp4"))

    assert files(index, 0, 60) == ["cam/one.mp4", "cam/two.mp4"]


def test_segments_are_found_by_time(tmp_path: Path) -> None:
    """By any overlap, also over midnight, and in the order of their start."""
    index = SegmentIndex(tmp_path)
    half_a_day = 43_200
    for start, name in [(60, "b"), (0, "a"), (half_a_day - 5, "night"), (120, "c")]:
        one = replace(BEGUN, file=f"{name}.mp4", start=NOON + start)
        index.append(replace(one, end=NOON + start + 60))

    assert files(index, 0, 1) == ["a.mp4"]
    assert files(index, 59, 61) == ["a.mp4", "b.mp4"]
    assert files(index, 60, 120) == ["b.mp4"]
    assert files(index, half_a_day + 1, half_a_day + 9) == ["night.mp4"]
    assert files(index, -60, 0) == []
    assert files(index, -1e9, 1e9) == ["a.mp4", "b.mp4", "c.mp4", "night.mp4"]


def test_the_newest_may_come_first(tmp_path: Path) -> None:
    """Day by day; of those that begin together, as their kinds are spelt backwards."""
    index = SegmentIndex(tmp_path)
    for days, kind in [(0, "mask"), (0, "video"), (1, "mask")]:
        start = NOON + days * 86_400
        file = f"{days}-{kind}"
        index.append(replace(ENDED, file=file, kind=kind, start=start, end=start + 1))

    found = index.read("cam", 0, 2**33, newest_first=True)

    assert [one.file for one in found] == ["1-mask", "0-video", "0-mask"]


def test_one_that_is_being_written_lasts_still(tmp_path: Path) -> None:
    """It is found by any time after its start."""
    index = SegmentIndex(tmp_path)
    index.append(BEGUN)

    assert files(index, 1000, 2000) == ["cam/one.mp4"]
    assert files(index, -60, 0) == []


def test_a_folder_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    """It may have been another disk."""
    with pytest.raises(FileNotFoundError):
        SegmentIndex(tmp_path / "gone").append(BEGUN)
