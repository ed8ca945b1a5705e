"""HLS into a folder whose disk fills up, with a disk that is really small."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from maskstream.pipeline.ledger import Ledger
from maskstream.stages.publishing.publisher import Publisher
from maskstream.stages.publishing.segment_files import open_segment_file
from maskstream.stages.publishing.target import Target
from tests.live_feed import live_feed
from tests.small_disk import mounted

pytestmark = [pytest.mark.root, pytest.mark.slow]


class _Unaware(Target):
    """Does not look for room."""

    def check_room(self, least: int = 0) -> None:
        """See that there is room, always."""
        del least


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB."""
    with mounted(tmp_path / "disk", "16M") as disk:
        yield disk


def test_a_full_disk_is_told_and_outlived(small_disk: Path) -> None:
    """No frame counts as written that is not, and publishing goes on when it can."""
    states: list[str] = []
    ledger = Ledger()
    target = Target(str(small_disk / "hls"))
    publisher = Publisher(target, "cam", ledger, "out", on_state=states.append)
    ballast = small_disk / "ballast"
    with live_feed(publisher, ledger, "out") as feed:
        feed.send_until(lambda: len(whole_segments(target)) > 1)
        ballast.write_bytes(bytes(13 << 20))
        feed.send_until(lambda: "disk_full" in feed.reasons)
        in_order = whole_segments(target)
        dropped_as = feed.reasons
        written = feed.at_sink.written
        feed.send_until(
            lambda: feed.at_sink.dropped[("out", "disk_full")] > 20  # and stays so
        )
        still_written = feed.at_sink.written
        ballast.unlink()
        feed.send_until(lambda: whole_segments(target) > in_order)

    assert states[:3] == ["ok", f"{target}: no space left on device", "ok"]
    assert not dropped_as & {"receiver_lost", "receiver_slow"}
    assert still_written == written


def test_an_error_of_a_segment_ends_the_connection(small_disk: Path) -> None:
    """What fills a disk between two looks at it is noticed as well."""
    states: list[str] = []
    ledger = Ledger()
    target = _Unaware(str(small_disk / "hls"))
    publisher = Publisher(target, "cam", ledger, "out", on_state=states.append)
    with live_feed(publisher, ledger, "out") as feed:
        feed.send_until(lambda: "ok" in states)
        fill(small_disk)
        feed.send_until(lambda: "disk_full" in feed.reasons)

    assert f"{target}: no space left on device" in states


def test_a_piece_is_written_whole_or_not_at_all(small_disk: Path) -> None:
    """The kernel writes what fits and says so only with the next call."""
    segment = open_segment_file(f"file:{small_disk}/segment-1.m4s", 2, {})

    with pytest.raises(OSError, match="No space left"):
        segment.write(bytes(17 << 20))
    segment.close()


def whole_segments(target: Target) -> list[str]:
    """Name the segments that the playlist lists."""
    playlist = Path(target.address)
    if not playlist.exists():
        return []
    return [line for line in playlist.read_text().split() if line.endswith(".m4s")]


def fill(disk: Path) -> None:
    """Leave no byte of a disk."""
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        try:
            while ballast.write(bytes(4096)):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017 - the loop ends with it
