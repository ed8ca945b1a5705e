"""What MaskStream is compared with does what it is said to do."""

from __future__ import annotations

from pathlib import Path

import av

from benchmarks.peers import floor
from tests.clips import make_clip


def test_the_floor_encodes_as_a_run_does(tmp_path: Path) -> None:
    """With B-frames, as the settings of the default preset have it."""
    clip = make_clip(tmp_path / "clip.mp4", frames=12)
    output = tmp_path / "out.mp4"

    floor.main(str(clip), str(output), "")

    with av.open(str(output)) as container:
        times = [one.pts for one in container.demux(video=0) if one.pts is not None]
    assert len(times) == 12
    assert times != sorted(times)
