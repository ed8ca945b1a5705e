"""The clock of a real camera is wrong, and is set while it is watched."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from maskstream.stages.live.profiles import PROFILES
from tests.cameras import RtspCamera
from tests.live_watching import Watched, watching
from tests.tcp_proxy import proxy
from tests.wrong_clock import WrongClock

pytestmark = pytest.mark.slow

NEAR_S = 3.0  # with what a busy machine adds


@pytest.fixture(scope="module")
def camera() -> Iterator[RtspCamera]:
    """A camera whose clock is right."""
    with RtspCamera() as camera:
        camera.start()
        yield camera


def error_s(watched: Watched) -> float:
    """Say how far the time of the last picture is from that of its arrival."""
    captured_at = watched.frames[-1].captured_at
    assert captured_at is not None
    return captured_at - time.time()


def set_to(clock: WrongClock, seconds: int, watched: Watched) -> float:
    """Set the camera's clock; return the error of pictures after two reports of it."""
    clock.error_s, clock.num_reports = seconds, 0
    watched.wait_for(lambda: clock.num_reports > 1)
    watched.wait_for_frames(5)
    return error_s(watched)


@pytest.mark.parametrize(
    ("first", "then", "told_first", "told_then"),
    [
        (-20, 0, -20, 0),  # it asks a time server at last
        (0, 20, 0, 0),  # somebody sets it wrong
    ],
)
def test_pictures_are_dated_as_well_as_can_be_known(
    camera: RtspCamera, first: int, then: int, told_first: int, told_then: int
) -> None:
    """A step is followed to the right time and not away from it; pts go on."""
    clock = WrongClock(first)
    with (
        proxy(camera.port, alter=clock.alter) as before,
        watching(
            f"rtsp://127.0.0.1:{before.port}/open", profile=PROFILES["rtsp-tcp"]
        ) as watched,
    ):
        error_first = set_to(clock, first, watched)
        error_then = set_to(clock, then, watched)
        pts_s = [frame.pts_seconds for frame in watched.frames]

    assert error_first == pytest.approx(told_first, abs=NEAR_S)
    assert error_then == pytest.approx(told_then, abs=NEAR_S)
    assert max(late - early for early, late in pairwise(pts_s)) < NEAR_S
    assert pts_s == sorted(pts_s)
    assert watched.events == ["connecting", "up 320x240"]
