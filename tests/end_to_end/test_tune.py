"""``maskstream tune``: what it writes can be run, and says what was measured."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.clips import make_clip
from tests.end_to_end.conftest import Run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_what_is_found_can_be_run(run: Run, tmp_path: Path) -> None:
    """With the settings that were given kept, and every trial beside them."""
    clip = make_clip(tmp_path / "clip.mp4", frames=50, size_hw=(120, 160), audio=1)
    given, found = tmp_path / "given.yaml", tmp_path / "found.yaml"
    given.write_text("overlay: {alpha: 0.3}\n")

    done = run("tune", clip, "-o", found, "--config", given, "--limit", "20")

    assert done.code == 0, done.err
    assert "frames a second" in done.out
    text = found.read_text()
    assert yaml.safe_load(text)["overlay"] == {"alpha": 0.3}
    trials = [line for line in text.splitlines() if "of the labels as in fp32" in line]
    assert trials
    assert any("openvino" in line for line in trials)
    # What is marked as taken is what is written.
    is_as_given = "nothing was found that is faster" in text
    assert is_as_given != ("\n# * " in text)
    assert is_as_given == ("model" not in yaml.safe_load(text))
    assert run("check", found).code == 0
    video = tmp_path / "out.mp4"
    assert run("run", clip, "--config", found, "-o", video).code == 0
    assert video.exists()


def test_a_configuration_is_not_written_over(
    run: Run, clip: Path, tmp_path: Path
) -> None:
    """Not before it was asked for, and not under a name that is none."""
    there = tmp_path / "there.yaml"
    there.write_text("overlay: {alpha: 0.3}\n")

    refused = run("tune", clip, "-o", there)
    named = run("tune", clip, "-o", tmp_path / "found.txt")

    assert (refused.code, named.code) == (2, 2)
    assert "there.yaml" in refused.sentence
    assert ".yaml" in named.sentence
    assert there.read_text() == "overlay: {alpha: 0.3}\n"
