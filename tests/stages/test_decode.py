"""Decoding: every picture, once, in order, as it was stored."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

import pytest

from maskstream.pipeline.ledger import Ledger
from tests.clips import make_clip, read_index
from tests.decoding import decode, decoder


@pytest.mark.parametrize("threads", [1, 3])
def test_every_picture_comes_once_and_in_order(rich_clip: Path, threads: int) -> None:
    """B-frames are put in the order of showing, the last ones are flushed."""
    decoded = decode(rich_clip, threads=threads)

    assert [read_index(frame.picture) for frame in decoded.frames] == list(range(20))
    assert [frame.index for frame in decoded.frames] == list(range(20))
    assert {frame.stream for frame in decoded.frames} == {"cam"}
    assert decoded.num_decoded == 20
    assert decoded.notes == {}


@pytest.mark.parametrize(
    ("codec", "pix_fmt"),
    [
        ("libx264", "yuv420p"),
        ("libx264", "yuv422p10le"),
        ("libx264", "yuv444p"),
        ("libx264rgb", "rgb24"),
        ("libx265", "yuv420p10le"),
        ("mjpeg", "yuvj420p"),
        ("ffv1", "gray"),
        ("ffv1", "gray16le"),
        ("libvpx-vp9", "yuv420p"),
    ],
)
def test_pictures_stay_in_the_planes_of_the_decoder(
    tmp_path: Path, codec: str, pix_fmt: str
) -> None:
    """No pixel format is converted."""
    path = make_clip(tmp_path / "clip.mkv", codec=codec, pix_fmt=pix_fmt, frames=3)

    frames = decode(path).frames

    expected = {"rgb24": "gbrp"}.get(pix_fmt, pix_fmt)  # as H.264 stores it
    assert [frame.picture.format.name for frame in frames] == [expected] * 3
    assert [read_index(frame.picture) for frame in frames] == [0, 1, 2]


def test_a_picture_of_odd_size_keeps_it(tmp_path: Path) -> None:
    """Neither height nor width is rounded."""
    path = make_clip(tmp_path / "odd.mkv", codec="ffv1", size_hw=(65, 97), frames=2)

    form = decode(path).frames[0].format

    assert (form.height, form.width) == (65, 97)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_rotation_of_the_container_is_told(tmp_path: Path, rotation: int) -> None:
    """It is one of four angles, and the picture itself is not turned."""
    path = make_clip(tmp_path / "turned.mp4", rotation=rotation, frames=2)

    form = decode(path).frames[0].format

    assert form.rotation == rotation
    assert (form.height, form.width) == (64, 96)


def test_the_format_says_what_the_container_says(rich_clip: Path) -> None:
    """Time base, rate and the streams beside the video are there."""
    form = decode(rich_clip).frames[0].format

    assert form.time_base == Fraction(1, 1000)
    assert form.average_rate == 25
    assert form.sample_aspect_ratio == 1
    assert [side.type for side in form.side_streams] == ["audio", "audio", "subtitle"]


def test_the_format_is_one_object_while_nothing_changes(clip: Path) -> None:
    """A sink may compare it by identity."""
    frames = decode(clip).frames

    assert len({id(frame.format) for frame in frames}) == 1


def test_a_new_picture_size_makes_a_new_format(tmp_path: Path) -> None:
    """The size may change in the middle of a stream."""
    small = make_clip(tmp_path / "small.ts", frames=5)
    large = make_clip(tmp_path / "large.ts", frames=5, size_hw=(96, 128))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())

    frames = decode(joined).frames

    heights = [frame.format.height for frame in frames]
    assert heights == [64] * 5 + [96] * 5
    assert len({id(frame.format) for frame in frames}) == 2
    assert frames[5].format.side_streams is not None


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
def test_the_first_half_of_a_file_is_decoded(tmp_path: Path, suffix: str) -> None:
    """A file that was cut gives what is left of it, and no error."""
    whole = make_clip(
        tmp_path / f"whole{suffix}",
        frames=100,
        audio=1,
        muxer_options={"movflags": "faststart"} if suffix == ".mp4" else None,
    )
    half = tmp_path / f"half{suffix}"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])

    decoded = decode(half)

    indices = [read_index(frame.picture) for frame in decoded.frames]
    assert indices == list(range(len(indices)))
    assert 30 < len(indices) < 70
    # MPEG-TS promises no length.
    assert decoded.notes.get("truncated", 0) == (suffix != ".ts")


def test_damage_costs_only_what_it_damaged(tmp_path: Path) -> None:
    """Frames after the next keyframe are whole again, and the loss is noted."""
    path = make_clip(tmp_path / "clip.mp4", frames=40, gop=10)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 400] = bytes(400)
    path.write_bytes(content)

    decoded = decode(path)

    indices = [read_index(frame.picture) for frame in decoded.frames]
    assert indices[:10] == list(range(10))
    assert indices[-10:] == list(range(30, 40))
    assert 30 <= len(indices) <= 40
    assert sum(decoded.notes.values()) > 0


def _without_pictures(tmp_path: Path) -> Path:
    """An MP4 whose index is whole and whose packets are all zero."""
    path = make_clip(tmp_path / "zeros.mp4")
    content = path.read_bytes()
    begin, end = content.index(b"mdat") + 4, content.index(b"moov") - 4
    path.write_bytes(content[:begin] + bytes(end - begin) + content[end:])
    return path


def test_a_file_without_one_whole_picture_is_an_error(tmp_path: Path) -> None:
    """Losing everything is not a success."""
    path = _without_pictures(tmp_path)

    with pytest.raises(OSError, match="no picture in it can be decoded"):
        decode(path)


def test_damage_beyond_the_budget_is_an_error(tmp_path: Path) -> None:
    """A stream that has become noise is given up."""
    path = _without_pictures(tmp_path)

    with pytest.raises(OSError, match="more than 5 packets in a row"):
        decode(path, error_budget=5)


def test_a_decoder_that_is_closed_early_leaves_nothing_behind(clip: Path) -> None:
    """What was yielded is counted, nothing more."""
    ledger = Ledger()
    ledger.open("cam", ["video"])
    frames = decoder(clip, ledger)()

    taken = [next(frames), next(frames)]
    frames.close()

    assert [read_index(frame.picture) for frame in taken] == [0, 1]
    assert ledger.accounts()["cam"].decoded == 2


def test_a_synthetic_source_is_decoded() -> None:
    """Any graph of FFmpeg's sources can stand in for a file."""
    decoded = decode("synthetic:testsrc2=size=64x48:rate=30:duration=0.5")

    assert len(decoded.frames) == 15
    assert decoded.frames[0].format.height == 48
    assert [frame.pts_seconds for frame in decoded.frames[:2]] == [0, 1 / 30]


def test_a_live_synthetic_source_keeps_its_own_pace() -> None:
    """It gives no frame before its time."""
    began_s = time.perf_counter()

    decoded = decode("synthetic+live:testsrc2=size=64x48:rate=25:duration=0.2")

    assert len(decoded.frames) == 5
    assert time.perf_counter() - began_s >= 0.15


def test_the_sample_is_a_real_street() -> None:
    """The extra ``sample`` brings a clip that is found and decoded."""
    decoded = decode("sample:street", duration_s=0.2)

    assert (decoded.frames[0].format.height, len(decoded.frames)) == (272, 5)
