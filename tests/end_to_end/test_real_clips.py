"""Real dashcam clips, where they are at hand beside the checkout (../shared/clips)."""

from __future__ import annotations

from pathlib import Path

import pytest

import maskstream
from tests.end_to_end.conftest import Run

pytestmark = pytest.mark.slow

CLIPS = Path(__file__).parents[3] / "shared" / "clips"


@pytest.mark.skipif(not CLIPS.is_dir(), reason="no ../shared/clips beside the checkout")
@pytest.mark.parametrize(
    ("name", "num_frames"),
    [
        ("lanes_540p.mp4", 221),
        ("highway_720p.mp4", 38),
        ("camvid_0016E5_val_15fps.mp4", 101),
    ],
)
def test_a_dashcam_clip_comes_out_as_it_went_in(
    run: Run, tmp_path: Path, name: str, num_frames: int
) -> None:
    """Annotated, it has the times, the sound and the colours that it had."""
    clip, out, mask = CLIPS / name, tmp_path / name, tmp_path / "m.mkv"

    done = run("run", clip, "-o", out, "--mask", mask)
    verdict = run("verify", clip, out)

    assert f"{num_frames} frames decoded, {num_frames} written, 0 dropped" in done.out
    assert verdict.code == 0, verdict.out
    with maskstream.open_masks(mask) as masks:
        assert len(list(masks)) == num_frames


def test_the_sample_is_a_street(run: Run, tmp_path: Path) -> None:
    """The clip of the demo is found, and what it shows has streets in it."""
    mask = tmp_path / "m.mkv"

    done = run("run", "sample:street", "--mask", mask, "--duration", "2s")

    assert done.code == 0, done.err
    with maskstream.open_masks(mask) as masks:
        seen = {masks.classes.names[i] for _, ids in masks for i in set(ids.flat)}
    assert {"road", "building", "car"} <= seen
