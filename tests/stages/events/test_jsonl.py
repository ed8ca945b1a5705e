"""Events in a file: whole lines, on the disk, in files that make way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from maskstream.pipeline.clock import ManualClock
from maskstream.stages.events.delivery import NotNowError
from maskstream.stages.events.jsonl import JsonLines
from tests.small_disk import mounted

NOON = 1_795_867_200.0  # 2026-11-28T12:00:00Z
DAY_S = 86_400


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 256 KiB."""
    with mounted(tmp_path / "disk", "256k") as disk:
        yield disk


def test_events_are_appended_to_what_is_there(tmp_path: Path) -> None:
    """A line that a kill cut off is ended first."""
    path = tmp_path / "new" / "events.jsonl"
    with JsonLines(path).open() as append:
        append(b'{"a":1}')
    with path.open("ab") as file:
        file.write(b'{"cut')

    with JsonLines(path).open() as append:
        append(b'{"a":2}')

    assert path.read_bytes() == b'{"a":1}\n{"cut\n{"a":2}\n'


def test_a_full_file_makes_way(tmp_path: Path) -> None:
    """Old ones stay up to a number, of which the newest."""
    clock = ManualClock(NOON)
    lines = JsonLines(
        tmp_path / "e.jsonl", max_bytes=20, is_daily=False, keep=2, wall_clock=clock
    )

    with lines.open() as append:
        for number in range(7):
            append(b'{"a":%d}' % number)
            clock.advance(1)

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "e-20261128T120004Z.jsonl",
        "e-20261128T120006Z.jsonl",
        "e.jsonl",
    ]
    assert (tmp_path / "e.jsonl").read_bytes() == b'{"a":6}\n'


def test_a_new_day_begins_a_new_file(tmp_path: Path) -> None:
    """By UTC; also after a restart, since the file itself says when it was written."""
    path = tmp_path / "e.jsonl"
    with JsonLines(path, wall_clock=lambda: NOON).open() as append:
        append(b"{1}")
    os.utime(path, (NOON, NOON))

    with JsonLines(path, wall_clock=lambda: NOON + DAY_S).open() as append:
        append(b"{2}")

    assert path.read_bytes() == b"{2}\n"
    assert (tmp_path / "e-20261129T120000Z.jsonl").read_bytes() == b"{1}\n"


def test_a_disk_that_fails_is_told_of_and_tried_on(tmp_path: Path) -> None:
    """As with any target."""
    folder = tmp_path / "folder"
    folder.write_text("a file")

    with JsonLines(folder / "e.jsonl").open() as append:
        with pytest.raises(NotNowError, match=r"e\.jsonl cannot be written"):
            append(b"{}")
        folder.unlink()
        append(b"{}")

    assert (folder / "e.jsonl").read_bytes() == b"{}\n"


@pytest.mark.root
@pytest.mark.slow
def test_a_full_disk_leaves_whole_lines(small_disk: Path) -> None:
    """What did not fit is taken back, and comes again when there is room."""
    path = small_disk / "e.jsonl"
    body = b'{"a":"' + b"x" * 100_000 + b'"}'
    with JsonLines(path).open() as append:
        append(body)
        filler = small_disk / "filler"
        filler.write_bytes(b"y" * 120_000)
        with pytest.raises(NotNowError):
            append(body)
        assert path.read_bytes() == body + b"\n"
        filler.unlink()
        append(body)

    assert path.read_bytes() == (body + b"\n") * 2
