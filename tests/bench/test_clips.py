"""What is measured on is a copy of the user's clip, whatever holds it."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from maskstream.bench.clips import clip_source, copy_pictures
from maskstream.pipeline.errors import SourceError
from tests.clips import make_clip


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("clip.mp4", "libx264"),
        ("clip.mkv", "libx264"),
        ("clip.ts", "libx264"),
        ("clip.avi", "libx264"),
        ("clip.avi", "mpeg4"),
    ],
)
@pytest.mark.parametrize("times", [1, 3])
def test_every_packet_is_copied(
    tmp_path: Path, name: str, codec: str, times: int
) -> None:
    """Of AVI, too, whose packets have no pts where there are B-frames."""
    clip = make_clip(tmp_path / name, frames=30, codec=codec, b_frames=True)
    folder = tmp_path / "copy"
    folder.mkdir()

    copy = copy_pictures(clip_source(str(clip)), folder, limit=24, times=times)

    with av.open(str(copy)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 24 * times


def test_a_stream_without_times_is_refused_by_its_own_name(tmp_path: Path) -> None:
    """Raw H.264 could not be played at its pace; the user's file is named."""
    clip = make_clip(tmp_path / "clip.h264")
    folder = tmp_path / "copy"
    folder.mkdir()

    with pytest.raises(SourceError, match=r"clip\.h264: its packets have no times"):
        copy_pictures(clip_source(str(clip)), folder, limit=8)
