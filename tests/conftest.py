"""Fixtures that tests of several folders share."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.clips import make_clip

# Tests import OpenVINO and NNCF, too, and these report every use to their makers.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what only root may do, except in CI, where nothing is left out."""
    if os.geteuid() == 0 or os.environ.get("CI"):
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="mounting needs root"))


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Put back what commands and the daemon's API set, lest later tests hear more."""
    root, ours = logging.getLogger(), logging.getLogger("maskstream")
    handlers, level, our_level = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    ours.setLevel(our_level)


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers that are the same in every run."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One plain clip: 20 frames of 96x64 at 25 fps, H.264 in MP4, without sound."""
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4")


@pytest.fixture(scope="session")
def rich_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with everything beside it: B-frames, two audio tracks and subtitles."""
    folder = tmp_path_factory.mktemp("clips")
    return make_clip(folder / "rich.mkv", b_frames=True, audio=2, subtitles=True)
