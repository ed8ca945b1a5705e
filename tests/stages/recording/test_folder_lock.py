"""Two processes on one folder: the second says so, and touches nothing of the first."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from maskstream.stages.folder_lock import FolderInUseError
from maskstream.stages.recording.archive import Archive
from maskstream.stages.recording.janitor import Retention
from tests.recordings import NOON, Camera, recorder
from tests.stages.recording.test_disk import Live

pytestmark = pytest.mark.slow

OWNER = """
import sys
from pathlib import Path
from maskstream.pipeline.channel import Channel
from maskstream.stages.recording.archive import Archive
from tests.recordings import Camera, recorder

folder = Path(sys.argv[1])
items = Camera(folder / "clips").take(*(i / 25 for i in range(60)))
outcomes = recorder(Archive(folder / "rec"))(Channel.of(*items))
for _ in range(50):
    next(outcomes)
print("now", flush=True)
sys.stdin.read()
"""


@contextmanager
def owner(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that records into ``folder / "rec"``, killed in the end."""
    child = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"now\n"
        try:
            yield child
        finally:
            child.kill()


def test_a_folder_of_another_process_is_left_alone(tmp_path: Path) -> None:
    """Nothing is recovered, begun or deleted in it."""
    with owner(tmp_path):
        before = {path for path in (tmp_path / "rec").rglob("*") if path.is_file()}
        archive = Archive(tmp_path / "rec", Retention(max_bytes=0))
        with pytest.raises(FolderInUseError, match="another process records into it"):
            archive.leftovers("cam", "video")
        archive.sweep()

        after = {path for path in (tmp_path / "rec").rglob("*") if path.is_file()}
        assert any(".partial." in path.name for path in before)
        assert after == before


def test_a_recorder_waits_until_the_other_process_has_died(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so once, in a sentence; the kernel releases the lock, however it died."""
    camera = Camera(tmp_path / "own")
    with owner(tmp_path):
        archive = Archive(tmp_path / "rec", wall_clock=lambda: NOON)
        live = Live(recorder(archive))
        live.feed(camera.take(*range(5)), second_each=True)
        state = live.states[-1]
    live.feed(camera.take(*range(5, 20)), second_each=True)
    account = live.end()

    assert state == (
        f"folder in use: {archive.folder}: another process records into it, give each "
        "a folder of its own"
    )
    assert caplog.messages[0] == f"cam: video: recording stops: {state}"
    assert live.states[-1] == "ok"
    assert set(account.sinks["video"].dropped) == {("video", "folder_in_use")}
    reasons = [segment.reason for segment in archive.segments("cam", 0, 2**33)]
    assert reasons == ["killed", "end"]
