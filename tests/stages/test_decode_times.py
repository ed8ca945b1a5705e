"""Decoding: the time of every picture, as it was stored or as good as can be."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from tests.clips import make_clip, read_index
from tests.decoding import decode, pts_of


def test_times_of_a_variable_rate_are_exact(tmp_path: Path) -> None:
    """No rate is assumed."""
    times = [index * index for index in range(20)]
    path = make_clip(tmp_path / "vfr.mkv", pts=times, time_base=Fraction(1, 1000))

    assert pts_of(decode(path).frames) == times


def test_times_of_ntsc_are_exact(tmp_path: Path) -> None:
    """At 30000/1001 frames a second no time is rounded."""
    path = make_clip(tmp_path / "ntsc.mp4", rate=Fraction(30000, 1001))

    frames = decode(path).frames

    assert frames[0].format.time_base == Fraction(1, 30000)
    assert pts_of(frames) == [1001 * index for index in range(20)]
    assert {frame.duration for frame in frames} == {1001}


def test_times_of_b_frames_are_those_of_showing(tmp_path: Path) -> None:
    """The order of coding leaves no trace."""
    path = make_clip(tmp_path / "clip.mp4", b_frames=True)

    decoded = decode(path)

    assert pts_of(decoded.frames) == [512 * index for index in range(20)]
    assert decoded.notes == {}


def test_times_before_zero_are_kept(tmp_path: Path) -> None:
    """A stream may begin before its own zero."""
    path = make_clip(
        tmp_path / "early.ts",
        pts=range(-5, 15),
        muxer_options={"avoid_negative_ts": "disabled"},
    )

    frames = decode(path).frames

    assert pts_of(frames) == [3600 * index for index in range(-5, 15)]
    assert frames[0].pts_seconds == -0.2


@pytest.mark.parametrize("name", ["clip.avi", "clip.h264"])
def test_missing_times_are_estimated_and_said_to_be(tmp_path: Path, name: str) -> None:
    """AVI stores no pts, and a raw stream no time at all."""
    path = make_clip(tmp_path / name, b_frames=True)

    decoded = decode(path)

    steps = [b.pts_seconds - a.pts_seconds for a, b in pairwise(decoded.frames)]
    assert [read_index(frame.picture) for frame in decoded.frames] == list(range(20))
    assert steps == pytest.approx([0.04] * 19)
    assert all(frame.is_estimated for frame in decoded.frames)
    assert decoded.notes == {"estimated_pts": 20}


def test_two_recordings_in_one_file_follow_each_other(tmp_path: Path) -> None:
    """Where time jumps back, it goes on from where it was, pictures and sound alike."""
    part = make_clip(tmp_path / "part.ts", frames=50, audio=1).read_bytes()
    joined = tmp_path / "joined.ts"
    joined.write_bytes(part + part)

    decoded = decode(joined)

    times = [frame.pts_seconds for frame in decoded.frames]
    sound = [
        float(packet.dts * packet.time_base)
        for packet in decoded.passthrough.take_rest()
        if packet.dts is not None
    ]
    assert len(times) == 100
    assert max(b - a for a, b in pairwise(times)) == pytest.approx(0.04)
    assert all(a < b for a, b in pairwise(times))
    assert max(b - a for a, b in pairwise(sound)) < 0.03
    assert sound[-1] == pytest.approx(times[-1], abs=0.1)
    assert decoded.notes["pts_discontinuities"] == 1


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.avi"])
def test_a_part_is_cut_to_the_frame(tmp_path: Path, name: str) -> None:
    """From start, that frame included, for a duration; only these are counted."""
    path = make_clip(
        tmp_path / name, frames=100, gop=25, b_frames=not name.endswith("avi")
    )

    decoded = decode(path, start_s=2.2, duration_s=0.2)

    indices = [read_index(frame.picture) for frame in decoded.frames]
    assert indices == [55, 56, 57, 58, 59]
    assert [frame.index for frame in decoded.frames] == [0, 1, 2, 3, 4]
    assert decoded.num_decoded == 5
    assert "truncated" not in decoded.notes


def test_a_part_keeps_the_times_of_the_whole(tmp_path: Path) -> None:
    """Masks of a part can be laid over the whole."""
    path = make_clip(tmp_path / "clip.mkv", frames=30)

    frames = decode(path, start_s=0.5, duration_s=0.12).frames

    assert pts_of(frames) == [520, 560, 600]


def test_a_part_has_the_sound_of_its_time(tmp_path: Path) -> None:
    """Packets before and after it are left out, those at its end are not missing."""
    path = make_clip(tmp_path / "clip.mp4", frames=100, audio=1)

    sound = decode(path, start_s=1.0, duration_s=2.0).passthrough.take_rest()

    times = [float((packet.pts or 0) * packet.time_base) for packet in sound]
    assert times[0] == pytest.approx(1.0, abs=0.022)
    assert times[-1] == pytest.approx(3.0, abs=0.022)
    assert 1.0 <= min(times) <= max(times) < 3.0


def test_a_part_of_what_cannot_be_sought_is_decoded_up_to(tmp_path: Path) -> None:
    """A source without a way back gives its part all the same."""
    graph = "synthetic:testsrc2=size=64x48:rate=25:duration=2"

    frames = decode(graph, start_s=1.0, duration_s=0.2).frames

    assert pts_of(frames) == [25, 26, 27, 28, 29]


def test_a_part_after_the_end_is_an_error(clip: Path) -> None:
    """Nothing asked for is there."""
    with pytest.raises(OSError, match="no picture from 60 s on"):
        decode(clip, start_s=60.0)
