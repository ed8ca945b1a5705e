from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from maskstream.models.classes import CAMVID
from maskstream.pipeline.errors import ConfigError, SinkError
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.encode import VideoEncoder
from maskstream.stages.mask_png import PaletteImages
from maskstream.stages.mask_track import MaskTrack
from maskstream.stages.output import check_output, check_output_folder
from maskstream.stages.records import Records
from tests.clips import make_clip
from tests.sinks import playable_times, read_clip, run_sink, times_of
from tests.small_disk import mounted

VIDEO = (".mp4", ".mkv")
LARGE = {"preset": "ultrafast", "crf": "1"}  # 40 kB of 100 frames


def test_a_name_that_can_be_written_is_accepted(tmp_path: Path) -> None:
    """Nothing is made by looking."""
    check_output(tmp_path / "new.mp4", suffixes=VIDEO)

    assert list(tmp_path.iterdir()) == []


def test_what_is_in_the_way_is_said_before_the_run(tmp_path: Path) -> None:
    """Each obstacle gives a sentence of its own."""
    there = tmp_path / "there.mp4"
    there.touch()
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "left.partial.mp4").touch()
    inputs = [tmp_path / "in.mp4", tmp_path / "x.partial.mp4"]
    (tmp_path / "link.mp4").symlink_to(tmp_path / "nowhere.mp4")
    obstacles: dict[Path, str] = {
        tmp_path / "link.mp4": "exists; give another name, or overwrite it",
        tmp_path / f"{250 * 'x'}.mp4": "this name is too long",
        there: "exists; give another name, or overwrite it",
        tmp_path / "folder.mp4": "is a folder, where the name of a file was expected",
        tmp_path / "a.avi": r"must end with .mp4 or .mkv, got .avi",
        tmp_path / "a": "got no suffix",
        tmp_path / "no" / "a.mp4": "no: there is no such folder to write into",
        tmp_path / "folder.mp4" / ".." / "in.mp4": "is already the input",
        tmp_path / "left.mp4": r"left.partial.mp4 is what a run before this one left",
        tmp_path / "x.mp4": r"is called x.partial.mp4 while it is written, which is",
    }
    for path, sentence in obstacles.items():
        with pytest.raises(ConfigError, match=sentence):
            check_output(path, suffixes=VIDEO, taken=inputs)
    check_output(there, suffixes=VIDEO, overwrite=True)
    check_output(tmp_path / "left.mp4", suffixes=VIDEO, overwrite=True)


def test_a_folder_of_results_is_new_or_empty(tmp_path: Path) -> None:
    """A file of that name, or files within, are in the way."""
    (tmp_path / "file").touch()

    check_output_folder(tmp_path / "new")
    check_output_folder(tmp_path, overwrite=True)
    with pytest.raises(ConfigError, match="is not empty"):
        check_output_folder(tmp_path)
    with pytest.raises(ConfigError, match="is a file, where a folder was expected"):
        check_output_folder(tmp_path / "file")


@contextmanager
def files_no_larger_than(num_bytes: int) -> Iterator[None]:
    """Let the system refuse to write more to any file, as a quota does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("suffix", VIDEO)
def test_a_quota_ends_the_run_with_a_sentence_and_a_playable_file(
    suffix: str, tmp_path: Path
) -> None:
    """What was written before can be watched under the partial name."""
    source = make_clip(tmp_path / "source.mp4", frames=100, size_hw=(128, 192))
    items, packets = read_clip(source)
    encoder = VideoEncoder(
        tmp_path / f"output{suffix}", Ledger(), packets, options=LARGE
    )

    with files_no_larger_than(24_000), pytest.raises(SinkError) as failure:
        run_sink(encoder, items)

    partial = tmp_path / f"output.partial{suffix}"
    assert "cannot be written: file too large; what was" in str(failure.value)
    assert str(partial) in str(failure.value)
    times = playable_times(partial)
    wanted = times_of(source)
    assert times[:-3] == wanted[: len(times) - 3]  # before the last come frames between
    assert set(times) <= set(wanted)
    assert len(times) >= 10
    assert not (tmp_path / f"output{suffix}").exists()


@pytest.mark.root
def test_a_full_disk_ends_each_sink_with_a_sentence(tmp_path: Path) -> None:
    """It names the file and the reason, and a partial video can be watched."""
    source = make_clip(tmp_path / "source.mp4", frames=100, size_hw=(128, 192))
    with mounted(tmp_path / "disk", "24k") as disk:
        sinks: list[Any] = [
            VideoEncoder(disk / "o.mp4", Ledger(), options=LARGE),
            MaskTrack(disk / "m.mkv", CAMVID, Ledger()),
            Records(disk / "r.jsonl", CAMVID, Ledger(), masks=True),
            PaletteImages(disk / "images", CAMVID, Ledger()),
        ]
        for sink in sinks:
            with pytest.raises(SinkError, match="no space left on device"):
                run_sink(sink, read_clip(source)[0])
        assert len(playable_times(disk / "o.partial.mp4")) >= 10


WRITE_AND_WAIT = """
import sys
from pathlib import Path
from maskstream.models.classes import CAMVID
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.encode import VideoEncoder
from tests.sinks import read_clip

source, output = map(Path, sys.argv[1:])
items, packets = read_clip(source)
encoder = VideoEncoder(output, Ledger(), packets, options={"tune": "zerolatency"})
for _ in encoder(Channel.of(*items)):
    print("written", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.slow
@pytest.mark.parametrize("suffix", VIDEO)
def test_a_killed_run_leaves_a_playable_file(suffix: str, tmp_path: Path) -> None:
    """All but the last two seconds of what was encoded can be watched."""
    source = make_clip(tmp_path / "source.mp4", frames=200, audio=1)
    output = tmp_path / f"output{suffix}"
    with subprocess.Popen(
        [sys.executable, "-c", WRITE_AND_WAIT, str(source), str(output)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for _ in range(150):
            writer.stdout.readline()
            writer.stdin.write("go on\n")
            writer.stdin.flush()
        writer.send_signal(signal.SIGKILL)

    times = playable_times(tmp_path / f"output.partial{suffix}")
    assert times == times_of(source)[: len(times)]
    assert len(times) >= 100
    assert not output.exists()
