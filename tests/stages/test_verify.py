from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from maskstream.pipeline.errors import SourceError
from maskstream.stages.verify import verify
from tests.clips import make_clip
from tests.decoding import decode


def test_a_file_is_like_itself(rich_clip: Path) -> None:
    """Nothing differs, and a row says so for each thing that was compared."""
    report = verify(rich_clip, rich_clip)

    assert report.ok
    assert [row.what for row in report.rows][-6:] == [
        "pts",
        "duration",
        "audio track 1 (aac)",
        "audio track 2 (aac)",
        "subtitle track 3 (srt)",
        "chapters",
    ]


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({"size_hw": (64, 128)}, "the size was 96x64 and is now 128x64"),
        ({"rotation": 90}, "the rotation was 0° and is now 90°"),
        ({"colorspace": 1}, "the matrix was bt470bg and is now bt709"),
        ({"color_range": 2}, "the range was limited and is now full"),
        ({"color_primaries": 1}, "the primaries was unspecified and is now bt709"),
        ({"chapters": ["A", "C"]}, "the chapters differ"),
        ({"audio": 1}, "the audio track 2 (aac) is missing"),
        ({"frames": 19}, "the number of pictures was 20 and is now 19"),
        ({"rate": Fraction(24)}, "by +0.000000 to +0.031667 s"),
        (
            {"pts": range(1, 21)},
            "every picture is moved in time by +0.040000 s",
        ),
    ],
)
def test_what_differs_is_said_in_words(
    changed: dict[str, Any], difference: str, tmp_path: Path
) -> None:
    """One sentence names the thing, what it was and what it is now."""
    given: dict[str, Any] = {
        "audio": 2,
        "colorspace": 5,
        "color_range": 1,
        "chapters": ["A", "B"],
    }
    source = make_clip(tmp_path / "source.mp4", **given)
    output = make_clip(tmp_path / "output.mp4", **{**given, **changed})

    report = verify(source, output)

    assert not report.ok
    assert any(difference in sentence for sentence in report.differences)


def test_a_millisecond_is_no_difference_in_matroska_only(tmp_path: Path) -> None:
    """Its clock cannot be more exact; that of MP4 can."""
    exact = make_clip(tmp_path / "exact.mp4", rate=Fraction(30000, 1001))
    rounded = make_clip(tmp_path / "rounded.mkv", rate=Fraction(30000, 1001))

    assert verify(exact, rounded).differences == []
    assert not verify(rounded, exact).ok


def test_damage_costs_the_same_in_both(tmp_path: Path) -> None:
    """A file cut in the middle is compared with what a run could decode of it."""
    clip = make_clip(
        tmp_path / "cut.mp4",
        frames=60,
        size_hw=(128, 192),
        muxer_options={"movflags": "faststart"},
    )
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 2 // 3])
    decoded = len(decode(clip).frames)

    report = verify(clip, clip)

    rows = {row.what: row for row in report.rows}
    assert rows["number of pictures"].source == str(decoded)


def test_grey_without_a_range_is_full_in_both(tmp_path: Path) -> None:
    """Grey planes are read as the overlay reads them, tag or no tag."""
    source = make_clip(tmp_path / "grey.mkv", codec="ffv1", pix_fmt="gray")

    ranges = [row for row in verify(source, source).rows if row.what == "range"]

    assert [row.source for row in ranges] == ["full"]


def test_one_changed_byte_of_sound_is_found(tmp_path: Path) -> None:
    """Packets are compared byte by byte, not by their sizes."""
    source = make_clip(tmp_path / "source.mkv", audio=1)
    with av.open(str(source)) as container:
        *_, packet = (p for p in container.demux(audio=0) if p.size)
        payload = bytes(packet)
    damaged = tmp_path / "damaged.mkv"
    changed = payload[:-1] + bytes([payload[-1] ^ 1])
    damaged.write_bytes(source.read_bytes().replace(payload, changed))

    assert verify(source, damaged).differences == [
        "the audio track 1 (aac) has other bytes in 1"
    ]


def test_what_cannot_be_read_is_said(tmp_path: Path, clip: Path) -> None:
    """A missing file and one without video give a sentence each."""
    sound = make_clip(tmp_path / "sound.mp4", video=False, audio=1)

    with pytest.raises(SourceError, match=r"none\.mp4 cannot be read: no such file"):
        verify(clip, tmp_path / "none.mp4")
    with pytest.raises(SourceError, match=r"sound\.mp4 has no video"):
        verify(sound, clip)
