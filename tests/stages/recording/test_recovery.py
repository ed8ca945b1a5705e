from __future__ import annotations

import json
import signal
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

from maskstream.pipeline.channel import Channel
from maskstream.stages.recording.archive import Archive
from maskstream.stages.recording.recovery import recover
from tests.recordings import (
    NOON,
    Camera,
    a_segment,
    finished,
    indices_of,
    record,
    recorder,
)

RATE = 25

CHILD = """
import sys, time
from pathlib import Path
from maskstream.pipeline.channel import Channel
from maskstream.stages.recording.archive import Archive
from tests.recordings import Camera, recorder

folder, kind = Path(sys.argv[1]), sys.argv[2]
items = Camera(folder / "clips", frames=250).take(*(i / 25 for i in range(250)))
sink = recorder(Archive(folder / "recordings"), kind=kind, length_s=4)
for number, _ in enumerate(sink(Channel.of(*items))):
    if number == 230:  # 5.2 s into a third segment that began at 8 s
        print("now", flush=True)
        time.sleep(600)
"""


def kill_while_recording(folder: Path, kind: str) -> None:
    """Let another process record 9.24 s in segments of 4 s, and kill it then."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), kind],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"now\n"
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    child.stdout.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["video", "mask"])
def test_every_segment_of_a_killed_process_plays(tmp_path: Path, kind: str) -> None:
    """The last one up to a part of a second, under its final name, indexed as cut."""
    kill_while_recording(tmp_path, kind)
    archive = Archive(tmp_path / "recordings")
    partial = list(archive.folder.rglob("*.partial.*"))

    assert recover(archive, "cam", kind, "killed")

    first, second, last = archive.segments("cam", 0, 2**33)
    assert len(partial) == 1
    assert not partial[0].exists()
    assert [(s.frames, s.is_cut, s.reason) for s in (first, second)] == [
        (100, False, "clock"),
        (100, False, "clock"),
    ]
    assert (last.is_cut, last.reason, last.start) == (True, "killed", NOON + 8)
    # 31 frames were given: a part of a second may be missing, and two in the encoder.
    assert 31 - RATE - 2 <= last.frames <= 31
    assert last.end == pytest.approx(NOON + 8 + last.frames / RATE, abs=1e-3)
    assert last.bytes == archive.path(last).stat().st_size
    if kind == "video":
        seen = [list(indices_of(archive.path(s))) for s in (first, second, last)]
        assert list(chain(*seen)) == list(range(200 + last.frames))


@pytest.mark.slow
def test_records_of_a_killed_process_are_whole_lines(tmp_path: Path) -> None:
    """Each was written at once; one that was torn by the disk is cut away."""
    kill_while_recording(tmp_path, "records")
    (partial,) = (tmp_path / "recordings").rglob("*.partial.jsonl")
    with partial.open("a") as file:
        file.write('{"stream":"cam","ind')
    archive = Archive(tmp_path / "recordings")

    assert recover(archive, "cam", "records", "killed")

    *_, last = archive.segments("cam", 0, 2**33)
    lines = archive.path(last).read_text().splitlines()
    assert [json.loads(line)["index"] for line in lines[1:]] == list(range(200, 231))
    assert (last.frames, last.is_cut) == (31, True)
    assert last.end == pytest.approx(NOON + 9.2)


@pytest.mark.slow
def test_a_recorder_recovers_before_it_records(tmp_path: Path) -> None:
    """Its own kind only; a second start finds nothing to do."""
    kill_while_recording(tmp_path, "video")
    archive = Archive(tmp_path / "recordings")
    items = Camera(tmp_path / "clips2").take(100, 101)

    record(recorder(archive, kind="mask"), items)
    before = [it["reason"] for it in finished(archive)]
    record(recorder(archive), items)
    record(recorder(archive), items)

    assert before == ["clock", "clock", None, "end"]
    assert [it["reason"] for it in finished(archive)] == [
        *("clock", "clock", "killed", "end", "end", "end")
    ]


def test_what_another_recorder_writes_is_no_leftover(tmp_path: Path) -> None:
    """A stream that is built again may overlap with itself for a moment."""
    archive = Archive(tmp_path / "recordings", wall_clock=lambda: NOON)
    items = Camera(tmp_path / "clips").take(0, 1)
    outcomes = recorder(archive)(Channel.of(*items))
    next(outcomes)

    record(recorder(archive), items)
    outcomes.close()

    assert [(it["file"], it["cut"]) for it in finished(archive)] == [
        ("cam/2026-11-28_12-00-00.mp4", False),
        ("cam/2026-11-28_12-00-00-2.mp4", False),
    ]


@pytest.mark.parametrize("content", [None, b"", b"\0" * 100])
def test_a_leftover_that_holds_nothing_is_removed(
    tmp_path: Path, content: bytes | None
) -> None:
    """It was killed before its first part, or its file is gone."""
    archive = Archive(tmp_path / "recordings", wall_clock=lambda: NOON)
    begun = archive.begin(a_segment("cam/a.mp4", NOON))
    if content is not None:
        archive.path(begun).write_bytes(content)
    archive.give_up(begun)

    assert recover(archive, "cam", "video", "killed")

    assert archive.leftovers("cam", "video") == []
    assert list((archive.folder / "cam").iterdir()) == []
