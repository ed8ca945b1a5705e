"""A disk that is full or gone costs frames of the recording, and nothing else."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.ledger import StreamAccount
from maskstream.stages.recording.archive import Archive
from maskstream.stages.recording.janitor import Retention
from maskstream.stages.recording.recorder import SegmentRecorder
from tests.recordings import NOON, Camera, finished, indices_of, recorder
from tests.small_disk import mounted

MB = 10**6


class Live:
    """A recorder that is fed one frame after another while a test changes the world."""

    def __init__(self, sink: SegmentRecorder) -> None:
        self.states: list[str] = []
        self.sink = replace(sink, on_state=self.states.append)
        self._inbox: Channel[Segmentation] = Channel(1)
        self._outcomes = self.sink(self._inbox)

    def feed(self, items: list[Segmentation], *, second_each: bool = False) -> None:
        """Let the recorder take each of ``items``; its clock may go on with each."""
        clock = self.sink.clock
        assert isinstance(clock, ManualClock)
        for item in items:
            self.sink.ledger.decoded("cam")
            self._inbox.send(item)
            next(self._outcomes)
            if second_each:
                clock.advance(1)

    def end(self) -> StreamAccount:
        """End the stream; its account must balance."""
        self._inbox.close()
        assert list(self._outcomes) == []
        account = self.sink.ledger.accounts()["cam"]
        assert account.is_balanced, account
        return account


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB."""
    with mounted(tmp_path / "disk", "16M") as disk:
        yield disk


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    """A camera of 96x64."""
    return Camera(tmp_path / "clips")


@pytest.fixture
def noisy(tmp_path: Path) -> Camera:
    """A camera that no codec makes small."""
    camera = Camera(tmp_path / "clips", frames=5, size_hw=(240, 320))
    rng = np.random.default_rng(0)
    for item in camera.items:
        for plane in item.frame.picture.planes:
            plane.update(rng.integers(0, 256, plane.buffer_size, np.uint8).tobytes())
    return camera


def leave(free_bytes: int, disk: Path) -> None:
    """Fill a disk with something else until so much is free."""
    ballast = disk / "ballast"
    ballast.touch()
    room = shutil.disk_usage(disk).free + ballast.stat().st_size
    ballast.write_bytes(bytes(room - free_bytes))
    assert shutil.disk_usage(disk).free <= free_bytes


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.parametrize("min_free", [0, 3 * MB])
@pytest.mark.parametrize("kind", ["video", "mask", "records"])
def test_a_full_disk_stops_the_recording_until_there_is_room(
    kind: str,
    min_free: int,
    small_disk: Path,
    camera: Camera,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Frames are dropped as disk_full; what was written plays; it goes on by itself."""
    archive = Archive(small_disk / "rec", min_free_bytes=min_free)
    live = Live(recorder(archive, kind=kind))
    live.feed(camera.take(*(i / 10 for i in range(20))), second_each=True)
    assert live.states[-1] == "ok"

    leave(max(0, min_free - 4096), small_disk)
    live.feed(camera.take(*(2 + i / 10 for i in range(100))), second_each=True)
    state_when_full = live.states[-1]
    reasons = [it["reason"] for it in finished(archive)]
    written_when_full = live.sink.ledger.accounts()["cam"].written
    leave(min_free + MB // 2, small_disk)
    live.feed(camera.take(*(12 + i / 10 for i in range(100))), second_each=True)
    state_with_little_room = live.states[-1]
    (small_disk / "ballast").unlink()
    live.feed(camera.take(*(22 + i / 10 for i in range(130))), second_each=True)
    state_with_room = live.states[-1]
    account = live.end()

    assert state_when_full.startswith(f"disk full: {archive.folder}: ")
    assert reasons == ["disk_full"]
    assert state_with_little_room.startswith("disk full: ")
    assert state_with_room == "ok"
    assert set(account.sinks[kind].dropped) == {(kind, "disk_full")}
    assert account.written >= written_when_full + 60
    first, second = archive.segments("cam", 0, 2**33)
    assert (first.is_cut, second.is_cut, second.reason) == (True, False, "end")
    if kind != "records":
        for segment in (first, second):
            assert len(list(indices_of(archive.path(segment)))) == segment.frames
    warnings = [it for it in caplog.records if it.levelno == logging.WARNING]
    assert len(warnings) == 2  # it stops, it goes on


@pytest.mark.root
@pytest.mark.slow
def test_the_janitor_makes_room_before_the_disk_is_full(
    small_disk: Path, noisy: Camera
) -> None:
    """With a bound on the share, recording never stops."""
    archive = Archive(small_disk / "rec", Retention(max_disk_share=0.5), MB)
    # Ten frames a file, which has more than a MB then.
    live = Live(recorder(archive, options={"crf": "1", "g": "1"}))

    live.feed(noisy.take(*range(0, 900, 6)), second_each=True)
    account = live.end()

    assert account.dropped == 0
    assert archive.num_deleted > 0
    assert archive.num_bytes < 8 * 2**20 + 1.2 * MB  # the last came after a sweep


@pytest.mark.root
def test_a_disk_that_becomes_read_only_is_waited_for(
    small_disk: Path, camera: Camera
) -> None:
    """Linux makes it so when it fails; somebody repairs it."""
    archive = Archive(small_disk / "rec")
    live = Live(recorder(archive))

    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    live.feed(camera.take(0, 1), second_each=True)
    state = live.states[-1]
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    live.feed(camera.take(2, 3, 4), second_each=True)
    account = live.end()

    assert state.startswith(f"read only: {archive.folder}: ")
    assert live.states[-1] == "ok"
    assert account.sinks["video"].dropped == {("video", "read_only"): 3}


@pytest.mark.root
def test_a_disk_that_is_unmounted_is_waited_for(
    small_disk: Path, camera: Camera
) -> None:
    """Nothing is written where it was: that would fill another disk."""
    archive = Archive(small_disk / "rec")
    live = Live(recorder(archive))
    live.feed(camera.take(58, 59), second_each=True)

    subprocess.run(["umount", "-l", str(small_disk)], check=True)
    live.feed(camera.take(60, 61, 62), second_each=True)
    state = live.states[-1]
    left_there = list(small_disk.iterdir())
    subprocess.run(["mount", "-t", "tmpfs", "none", str(small_disk)], check=True)
    (small_disk / "rec").mkdir()
    live.feed(camera.take(*range(63, 80)), second_each=True)
    account = live.end()

    assert state.startswith("folder gone: ")
    assert left_there == []
    assert live.states[-1] == "ok"
    assert set(account.sinks["video"].dropped) == {("video", "folder_gone")}
    assert account.written >= 10


def test_a_folder_that_is_gone_is_waited_for(
    tmp_path: Path, camera: Camera, caplog: pytest.LogCaptureFixture
) -> None:
    """It is not made anew: the disk that it was on may come back."""
    archive = Archive(tmp_path / "rec", wall_clock=lambda: NOON)
    live = Live(recorder(archive))
    live.feed(camera.take(0, 0.1, 0.2, 0.3, 0.4, 1), second_each=True)

    (tmp_path / "rec").rename(tmp_path / "elsewhere")
    live.feed(camera.take(2, 3, 60, 61, 62), second_each=True)
    state = live.states[-1]
    assert not (tmp_path / "rec").exists()
    (tmp_path / "elsewhere").rename(tmp_path / "rec")
    live.feed(camera.take(*range(63, 80)), second_each=True)
    account = live.end()

    assert state.startswith(f"folder gone: {tmp_path / 'rec'}: ")
    assert caplog.messages == [
        f"cam: video: recording stops: {state}",
        "cam: video: recording goes on after folder_gone",
    ]
    assert live.states[-1] == "ok"
    assert set(account.sinks["video"].dropped) == {("video", "folder_gone")}
    first, second = archive.segments("cam", 0, 2**33)
    assert (first.reason, second.reason) == ("folder_gone", "end")
    assert len(list(indices_of(archive.path(first)))) == first.frames


def test_a_folder_that_cannot_be_made_is_tried_again(
    tmp_path: Path, camera: Camera
) -> None:
    """Rarely, the longer it lasts; the stream goes on meanwhile."""
    (tmp_path / "rec").touch()  # a file is in the way
    live = Live(recorder(Archive(tmp_path / "rec", wall_clock=lambda: NOON)))

    live.feed(camera.take(*range(40)), second_each=True)
    state = live.states[-1]
    (tmp_path / "rec").unlink()
    live.feed(camera.take(*range(40, 80)), second_each=True)
    account = live.end()

    assert "file exists" in state
    assert live.states[-1] == "ok"
    # Tried after 1, 3, 7, 15, 31 and 63 seconds.
    assert account.sinks["video"].dropped == {("video", "write_failed"): 63}
    assert account.written == 17


def test_an_encoder_that_fails_is_no_end_of_the_stream(
    tmp_path: Path, camera: Camera
) -> None:
    """Its frames are dropped as encode_failed."""
    archive = Archive(tmp_path / "rec", wall_clock=lambda: NOON)
    live = Live(recorder(archive, options={"profile": "nonsense"}))

    live.feed(camera.take(*range(5)), second_each=True)
    account = live.end()

    assert live.states[-1].startswith("encode failed: ")
    assert account.sinks["video"].dropped == {("video", "encode_failed"): 5}
    assert finished(archive) == []
