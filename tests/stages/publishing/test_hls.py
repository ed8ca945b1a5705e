"""A stream published as HLS, into a folder."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

import av
import pytest

from maskstream.pipeline.ledger import Ledger
from maskstream.stages.publishing.publisher import Publisher
from maskstream.stages.publishing.target import Target
from tests.clips import read_index
from tests.live_feed import live_feed

pytestmark = pytest.mark.slow


def test_a_folder_holds_the_last_seconds(tmp_path: Path) -> None:
    """A player reads them while they are written; older segments are deleted."""
    folder = tmp_path / "hls" / "cam"
    ledger = Ledger()
    target = Target(str(folder), options={"hls_list_size": "2"})
    with live_feed(Publisher(target, "cam", ledger, "out"), ledger, "out") as feed:
        feed.send_until(lambda: newest(folder) - oldest(folder) > 1)
        with av.open(str(folder / "index.m3u8"), timeout=20) as player:
            indices = []
            for picture in player.decode(video=0):
                indices.append(read_index(picture))
                if len(indices) == 20:
                    break
        first = oldest(folder)
        feed.send_until(lambda: oldest(folder) > first)

    assert [(b - a) % 256 for a, b in itertools.pairwise(indices)] == ([1] * 19)
    assert len(list(folder.glob("segment-*.m4s"))) <= 4


def test_what_an_earlier_run_left_is_cleared(tmp_path: Path) -> None:
    """All but what a player may be at; what is not ours stays."""
    now = time.time()
    for name, age_s in (("segment-1.m4s", 3600), ("segment-2.m4s", 1), ("a.txt", 3600)):
        file = tmp_path / name
        file.write_text("")
        os.utime(file, (now - age_s, now - age_s))

    Target(str(tmp_path)).prepare()

    left = {path.name for path in tmp_path.iterdir()}
    assert left == {".lock", "segment-2.m4s", "a.txt"}


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """And tried again, as any other target."""
    (tmp_path / "file").write_text("")
    states: list[str] = []
    ledger = Ledger()
    target = Target(str(tmp_path / "file" / "hls"))
    publisher = Publisher(target, "cam", ledger, "out", on_state=states.append)
    with live_feed(publisher, ledger, "out") as feed:
        feed.send_until(lambda: len(states) > 0)

    assert states == [f"{tmp_path}/file/hls: not a directory"]


def test_a_folder_of_another_is_left_alone(tmp_path: Path) -> None:
    """It is taken up when the other has ended."""
    states: list[str] = []
    ledger = Ledger()
    target = Target(str(tmp_path))
    other = target.prepare()
    assert other is not None
    publisher = Publisher(target, "cam", ledger, "out", on_state=states.append)
    with live_feed(publisher, ledger, "out") as feed:
        feed.send_until(lambda: len(states) > 0)
        files = [path.name for path in tmp_path.iterdir()]
        other.release()
        feed.send_until(lambda: states[-1] == "ok")

    assert states[0] == (
        f"{tmp_path}: another process publishes into it, give each a folder of its own"
    )
    assert files == [".lock"]


def newest(folder: Path) -> int:
    """Return the highest number of a segment."""
    return max(numbers(folder), default=0)


def oldest(folder: Path) -> int:
    """Return the lowest number of a segment."""
    return min(numbers(folder), default=0)


def numbers(folder: Path) -> list[int]:
    """Return the numbers of the segments there."""
    return [
        int(path.stem.removeprefix("segment-")) for path in folder.glob("segment-*.m4s")
    ]
