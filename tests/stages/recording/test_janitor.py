from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from maskstream.pipeline.clock import ManualClock
from maskstream.stages.recording.archive import Archive, Archives
from maskstream.stages.recording.janitor import Retention
from tests.recordings import NOON, add, begin

DAY = 86_400


@pytest.fixture
def clock() -> ManualClock:
    """The wall clock, at noon."""
    return ManualClock(NOON)


@pytest.fixture
def archive(tmp_path: Path, clock: ManualClock) -> Archive:
    """A folder for recordings that keeps all until told otherwise."""
    return Archive(tmp_path / "recordings", wall_clock=clock)


def test_what_was_there_is_counted_a_little_at_a_time(
    archive: Archive, clock: ManualClock
) -> None:
    """No sink is held while a large index is read; nothing is counted twice."""
    for number in range(10):
        add(archive, f"cam{number}/a.mp4", NOON)

    archive._folder_lock.release()  # its process has ended
    again = Archive(archive.folder, wall_clock=clock)
    counted = []
    for number in range(4):
        again.sweep_if_due()
        counted.append(again.num_bytes)
        add(again, f"cam{number * 3}/{number}.mp4", NOON + 1)
        clock.advance(1)

    assert counted[0] < counted[1] < counted[2]
    assert again.num_bytes == 1400


def test_what_is_deleted_uncounted_leaves_no_debt(
    archive: Archive, clock: ManualClock
) -> None:
    """What is kept is counted as it is, whatever went before it was."""
    for number in range(10):
        add(archive, f"cam{number}/old.mp4", NOON - 2 * DAY)
        add(archive, f"cam{number}/new.mp4", NOON)

    archive._folder_lock.release()  # its process has ended
    again = Archive(archive.folder, Retention(max_age_s=DAY), wall_clock=clock)
    for _ in range(6):
        again.sweep()

    assert again.num_deleted == 10
    assert again.num_bytes == 1000


def kept(archive: Archive) -> list[str]:
    """List the files that are there, those of the index left out."""
    return sorted(
        str(path.relative_to(archive.folder))
        for path in archive.folder.rglob("*")
        if path.is_file() and ".index" not in path.parts
    )


def test_nothing_is_deleted_unless_told(archive: Archive) -> None:
    """Without a bound all is kept."""
    add(archive, "cam/old.mp4", NOON - 1000 * DAY)

    archive.sweep()

    assert kept(archive) == ["cam/old.mp4"]


def test_what_is_too_old_goes(archive: Archive, clock: ManualClock) -> None:
    """Counted from its end; its folder and the index of its day go with it."""
    archive.retention = Retention(max_age_s=7 * DAY)
    add(archive, "cam/1/a.mp4", NOON - 8 * DAY)
    add(archive, "cam/2/b.mp4", NOON - 7 * DAY - 61)
    add(archive, "cam/2/c.mp4", NOON - 7 * DAY - 59)

    archive.sweep()
    first = kept(archive)
    clock.advance(10 * DAY)
    archive.sweep()
    archive.sweep()

    assert first == ["cam/2/c.mp4"]
    assert kept(archive) == []
    assert archive.num_deleted == 3
    assert not (archive.folder / "cam").exists()
    assert len(list((archive.folder / ".index").rglob("*.jsonl"))) <= 1


def test_the_oldest_go_first_over_all_streams(archive: Archive) -> None:
    """Just as many as must, until the rest fits."""
    archive.sweep()
    archive.retention = Retention(max_bytes=350)
    add(archive, "yard/b.mp4", NOON - 2 * DAY + 60)
    add(archive, "door/a.mp4", NOON - 2 * DAY)
    add(archive, "door/d.mp4", NOON - 60)
    add(archive, "yard/c.mp4", NOON - DAY)
    add(archive, "yard/e.mp4", NOON)

    archive.sweep()

    assert kept(archive) == ["door/d.mp4", "yard/c.mp4", "yard/e.mp4"]
    assert archive.num_bytes == 300


def test_what_is_added_later_counts(archive: Archive, clock: ManualClock) -> None:
    """The janitor need not read the index again, and goes on from day to day."""
    archive.retention = Retention(max_bytes=250)
    archive.sweep()

    for number in range(6):
        add(archive, f"cam/{number}.mp4", NOON + number * DAY / 2)
        clock.advance(DAY / 2)
        archive.sweep()

    assert kept(archive) == ["cam/4.mp4", "cam/5.mp4"]


def test_a_janitor_that_starts_anew_knows_what_is_there(
    archive: Archive, clock: ManualClock
) -> None:
    """What it deleted before, or somebody else has, no longer counts."""
    for number in range(4):
        add(archive, f"cam/{number}.mp4", NOON + number)
    (archive.folder / "cam/1.mp4").unlink()

    archive._folder_lock.release()  # its process has ended
    again = Archive(archive.folder, Retention(max_bytes=200), wall_clock=clock)
    again.sweep()

    assert kept(archive) == ["cam/2.mp4", "cam/3.mp4"]


def test_a_share_of_the_disk_is_a_bound_too(archive: Archive) -> None:
    """Of the room that is free or theirs, not of what others have taken."""
    add(archive, "cam/a.mp4", NOON, num_bytes=10_000)
    room = shutil.disk_usage(archive.folder).free

    archive.retention = Retention(max_disk_share=20_000 / room)
    archive.sweep()
    first = kept(archive)
    archive.retention = Retention(max_disk_share=5_000 / room)
    archive.sweep()

    assert first == ["cam/a.mp4"]
    assert kept(archive) == []


def test_a_file_being_written_stays_and_takes_room(archive: Archive) -> None:
    """However old and large it is."""
    archive.retention = Retention(max_age_s=DAY, max_bytes=250)
    begun = begin(archive, "cam/now.mp4", NOON - 2 * DAY, num_bytes=200)
    add(archive, "cam/b.mp4", NOON)

    archive.sweep()
    first = kept(archive)
    archive.end(begun)
    archive.sweep()

    assert first == ["cam/now.partial.mp4"]
    assert kept(archive) == []


def test_foreign_files_stay(archive: Archive) -> None:
    """Whatever their names are, in the folder or reached from it."""
    add(archive, "cam/a.mp4", NOON - 2 * DAY)
    foreign = archive.folder / "cam" / "holiday.mp4"
    foreign.touch()
    precious = archive.folder.parent / "precious.mp4"
    precious.touch()
    (index,) = (archive.folder / ".index").rglob("*.jsonl")
    line = index.read_text().splitlines()[-1]
    index.write_text(
        line + "\n" + line.replace("cam/a.mp4", "cam/../../precious.mp4") + "\n"
    )

    archive.retention = Retention(max_age_s=DAY, max_bytes=1)
    archive.sweep()

    assert kept(archive) == ["cam/holiday.mp4"]
    assert precious.exists()


def test_it_sweeps_by_time_once_a_minute(archive: Archive, clock: ManualClock) -> None:
    """Whoever comes by may call it."""
    archive.retention = Retention(max_age_s=DAY)
    archive.sweep_if_due()
    add(archive, "cam/a.mp4", NOON - 2 * DAY)

    clock.advance(59)
    archive.sweep_if_due()
    before = kept(archive)
    clock.advance(2)
    archive.sweep_if_due()

    assert before == ["cam/a.mp4"]
    assert kept(archive) == []


@pytest.mark.slow
def test_a_sweep_is_bounded_and_soon_goes_on(
    archive: Archive, clock: ManualClock
) -> None:
    """A sink that calls it is not held while thousands are deleted."""
    for number in range(300):
        add(archive, f"cam/{number}.mp4", NOON - 2 * DAY)
    archive.retention = Retention(max_age_s=DAY)

    archive.sweep_if_due()
    after_one = len(kept(archive))
    clock.advance(1)
    archive.sweep_if_due()

    assert after_one == 300 - 256
    assert kept(archive) == []


@pytest.fixture
def read_only(archive: Archive) -> Iterator[Path]:
    """A folder of recordings on a disk that became read-only."""
    archive.folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(archive.folder)], check=True)
    for number in range(3):
        add(archive, f"cam/{number}.mp4", NOON - 2 * DAY)
    subprocess.run(["mount", "-o", "remount,ro", str(archive.folder)], check=True)
    yield archive.folder
    subprocess.run(["umount", "-l", str(archive.folder)], check=True)


@pytest.mark.root
@pytest.mark.usefixtures("read_only")
def test_what_cannot_be_deleted_is_told_once_and_keeps_newer_files(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    """They would go in its place, and no room would come of it."""
    archive.retention = Retention(max_bytes=250)
    with caplog.at_level(logging.WARNING):
        archive.sweep()
        archive.sweep()

    (message,) = caplog.messages
    assert "0.mp4 cannot be deleted: Read-only file system" in message
    assert len(kept(archive)) == 3


def test_a_folder_has_one_archive(tmp_path: Path) -> None:
    """Whoever opens it again changes what it keeps."""
    archives = Archives()

    one = archives.open(tmp_path, Retention(max_bytes=1), 0)
    same = archives.open(tmp_path / "x" / "..", Retention(max_bytes=2), 3)

    assert one is same
    assert archives.all() == [one]
    assert (one.retention.max_bytes, one.min_free_bytes) == (2, 3)


def test_what_it_keeps_in_mind_is_bounded(
    archive: Archive, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More files than it knows go in the same order, also those added meanwhile."""
    monkeypatch.setattr("maskstream.stages.recording.janitor._MAX_KNOWN", 3)
    for number in range(8):
        add(archive, f"cam{number % 2}/{number}.mp4", NOON + number)
    archive.retention = Retention(max_bytes=700)
    archive.sweep()
    add(archive, "cam0/early.mp4", NOON + 1.5)
    add(archive, "cam1/late.mp4", NOON + 9)

    lists = []
    for num_bytes in (700, 600, 300, 100):
        archive.retention = Retention(max_bytes=num_bytes)
        archive.sweep()
        lists.append(" ".join(sorted(Path(name).stem for name in kept(archive))))
        assert len(archive._janitor._oldest) <= 3

    assert lists == ["2 3 4 5 6 7 late", "3 4 5 6 7 late", "6 7 late", "late"]
