"""Cameras that send each picture in several slices."""

from __future__ import annotations

from itertools import pairwise

import pytest

from maskstream.stages.live.profiles import PROFILES
from tests.cameras import RtspCamera
from tests.live_watching import watching

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("profile", ["rtsp-udp", "rtsp-tcp", "low-latency"])
def test_a_camera_that_sends_slices_gives_whole_pictures(profile: str) -> None:
    """Keyframes too, before whose slices the parameter sets are repeated."""
    with RtspCamera() as camera:
        camera.start()
        camera.say("show snow")
        with watching(camera.url("sliced"), profile=PROFILES[profile]) as watched:
            watched.wait_for_frames(1)  # the beginning may be lost while opening
            before = watched.notes
            watched.wait_for_frames(60)

    assert watched.notes == before
    steps_s = [b.pts_seconds - a.pts_seconds for a, b in pairwise(watched.frames)]
    assert max(steps_s) == pytest.approx(0.04, abs=0.001)
