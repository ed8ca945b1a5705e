"""One run, from a file to everything that can be written."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import maskstream
from tests.clips import make_clip, make_pictures
from tests.end_to_end.conftest import Run

pytestmark = pytest.mark.slow


def pts_seconds(path: Path, track: int = 0) -> list[Fraction]:
    """The exact time of each picture of a file."""
    with av.open(str(path)) as container:
        return [
            frame.pts * frame.time_base
            for frame in container.decode(video=track)
            if frame.pts is not None and frame.time_base is not None
        ]


def test_a_clip_becomes_video_masks_and_records(run: Run, tmp_path: Path) -> None:
    """Everything is written, every frame is accounted for, and the times are kept."""
    clip = make_clip(tmp_path / "in.mp4", frames=30, size_hw=(120, 160), audio=1)
    video, mask = tmp_path / "out.mp4", tmp_path / "mask.mkv"
    records, summary = tmp_path / "r.jsonl", tmp_path / "s.json"

    done = run(
        *("run", clip, "-o", video, "--mask", mask, "--records", records),
        *("--summary", summary, "--objects"),
    )

    assert done.code == 0
    assert "30 frames decoded, 30 written, 0 dropped" in done.out
    assert done.err == ""
    assert pts_seconds(video) == pts_seconds(clip)
    with maskstream.open_masks(mask) as masks:
        read = [(seconds, labels.shape) for seconds, labels in masks]
    assert [seconds for seconds, _ in read] == [float(t) for t in pts_seconds(clip)]
    assert {shape for _, shape in read} == {(120, 160)}
    account = json.loads(summary.read_text())["streams"]["in"]
    assert (account["decoded"], account["written"], account["dropped"]) == (30, 30, 0)
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    assert len(lines) == 31  # a header, then a line a frame
    assert sum(lines[1]["shares"].values()) == pytest.approx(1, abs=1e-3)
    assert not list(tmp_path.glob("*partial*"))


@pytest.mark.parametrize(
    ("suffix", "traits"),
    [
        (".mp4", {"rate": Fraction(30000, 1001)}),
        (".mp4", {"b_frames": True}),
        (".mp4", {"rotation": 90, "size_hw": (64, 128)}),
        (".mp4", {"pts": [0, 1, 5, 6, 20, 21], "frames": 6}),
        (".mkv", {"audio": 2, "subtitles": True}),
        (".mp4", {"audio": 2, "subtitles": True}),
        (".mkv", {"size_hw": (63, 97), "pix_fmt": "yuv444p"}),
        (".mp4", {"pix_fmt": "yuv422p10le"}),
        (".mov", {"colorspace": 1, "color_range": 2, "color_primaries": 1}),
    ],
)
def test_what_a_clip_is_survives(
    run: Run, tmp_path: Path, suffix: str, traits: dict[str, object]
) -> None:
    """`verify` proves that times, tracks, rotation and colours are kept."""
    clip = make_clip(tmp_path / f"in{suffix}", **traits)  # type: ignore[arg-type]
    out = tmp_path / f"out{suffix}"

    done = run("run", clip, "-o", out)
    verdict = run("verify", clip, out)

    assert done.code == 0, done.err
    assert verdict.code == 0, verdict.out


def test_many_inputs_go_to_one_folder(run: Run, tmp_path: Path) -> None:
    """Files, a folder of pictures and a synthetic source, one after another."""
    make_clip(tmp_path / "a.mp4", frames=4)
    make_clip(tmp_path / "b.mkv", frames=3)
    make_pictures(tmp_path / "pictures")
    out = tmp_path / "out"

    done = run(
        *("run", tmp_path / "*.m*", tmp_path / "pictures"),
        *("synthetic:testsrc2=size=96x64:rate=10:duration=0.5", "-o", out),
        *("--mask", out, "--mask-images", out / "images"),
    )

    assert done.code == 0, done.err
    assert {path.name for path in out.iterdir()} == {
        *("a.mp4", "a.masks.mkv", "b.mkv", "b.masks.mkv"),
        *("pictures.mp4", "pictures.masks.mkv"),
        *("synthetic.mp4", "synthetic.masks.mkv", "images"),
    }
    assert len(list((out / "images" / "b").glob("*.png"))) == 3


def test_a_bad_file_does_not_stop_the_next(run: Run, tmp_path: Path) -> None:
    """The run has failed, and the good file is whole."""
    (tmp_path / "a.mp4").write_text("not a video")
    make_clip(tmp_path / "b.mp4", frames=3)

    done = run(
        *("run", tmp_path / "*.mp4", "-o", tmp_path / "out"),
        *("--summary", tmp_path / "s.json"),
    )

    assert done.code == 1
    assert "a.mp4" in done.sentence
    good = tmp_path / "out" / "b.mp4"
    assert len(pts_seconds(good)) == 3
    streams = json.loads((tmp_path / "s.json").read_text())["streams"]
    files = {name: one["sinks"]["video"]["files"] for name, one in streams.items()}
    assert files == {"a": [], "b": [str(good)]}
    assert not (tmp_path / "out" / "a.mp4").exists()


def test_live_sources_run_together(run: Run, tmp_path: Path) -> None:
    """Two paced sources end in the time of one, and each keeps its own frames."""
    source = "synthetic+live:testsrc2=size=96x64:rate=10:duration=1"
    summary = tmp_path / "s.json"

    done = run(
        *("run", source, source, "-o", tmp_path / "out"),
        *("--policy", "every_frame", "--summary", summary),
    )

    assert done.code == 0, done.err
    streams = json.loads(summary.read_text())["streams"]
    assert [one["written"] for one in streams.values()] == [10, 10]


def test_a_part_of_a_clip_can_be_cut_out(run: Run, tmp_path: Path) -> None:
    """Start and duration choose by time, not by keyframe."""
    clip = make_clip(tmp_path / "in.mp4", frames=50, gop=50)

    done = run(
        "run", clip, "-o", tmp_path / "o.mp4", "--start", "0.4s", "--duration", "1"
    )

    assert done.code == 0, done.err
    assert len(pts_seconds(tmp_path / "o.mp4")) == 25


def test_the_mask_can_ride_in_the_annotated_file(run: Run, tmp_path: Path) -> None:
    """The second track of a Matroska file is read like a mask track alone."""
    clip = make_clip(tmp_path / "in.mp4", frames=5)
    out = tmp_path / "out.mkv"

    done = run("run", clip, "-o", out, "--mask-track")

    assert done.code == 0, done.err
    with maskstream.open_masks(out) as masks:
        assert len(list(masks)) == 5
        assert "road" in masks.classes.names


def test_python_users_have_the_same_run(tmp_path: Path) -> None:
    """`segment_video` returns the account that the command prints."""
    clip = make_clip(tmp_path / "in.mp4", frames=5)

    summary = maskstream.segment_video(
        clip, tmp_path / "o.mp4", overlay={"alpha": 0.3}, model={"engine": "torch"}
    )

    assert summary.streams["in"].account.written == 5
    assert np.isfinite(summary.fps)


def test_python_users_get_the_sentence_as_an_exception(tmp_path: Path) -> None:
    """A file that cannot be read raises what the command would have said."""
    bad = tmp_path / "bad.mp4"
    bad.write_text("not a video")

    with pytest.raises(maskstream.MaskStreamError) as caught:
        maskstream.segment_video(bad, tmp_path / "o.mp4")

    assert "bad.mp4" in str(caught.value) + str(getattr(caught.value, "exceptions", ""))
