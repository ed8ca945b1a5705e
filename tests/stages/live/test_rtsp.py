"""A camera over RTSP that goes away in every manner, and comes back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from maskstream.stages.live.backoff import Backoff
from tests.cameras import RtspCamera
from tests.live_watching import watching
from tests.servers import silent_server

pytestmark = pytest.mark.slow

WITHIN_S = 5.0


@pytest.fixture
def camera() -> Iterator[RtspCamera]:
    """A camera that is not switched on yet."""
    with RtspCamera() as camera:
        yield camera


def test_a_camera_that_is_down_at_the_start_is_waited_for(camera: RtspCamera) -> None:
    """It is refused until it is there; then its frames flow."""
    with watching(camera.url()) as watched:
        watched.wait_for_event("down refused")
        watched.wait_for_event("down refused")
        camera.start()
        watched.wait_for_frames(10)

    assert watched.events[:3] == ["connecting", "down refused", "connecting"]
    assert watched.events[-1] == "up 320x240"
    assert watched.notes["lost_refused"] == 1
    assert "connection refused" in watched.sentences[0]


def test_a_camera_that_was_away_for_long_is_back_in_time(camera: RtspCamera) -> None:
    """Its port is looked at while the next attempt is far away."""
    with watching(camera.url(), backoff=Backoff(60.0, 60.0)) as watched:
        watched.wait_for_event("down refused")
        camera.start()
        assert watched.wait_for_frames(10) < WITHIN_S

    assert watched.delays_s[0] > 30


def test_a_wait_ends_at_once_when_it_is_to_stop(camera: RtspCamera) -> None:
    """However long it was to be."""
    with watching(camera.url(), backoff=Backoff(60.0, 60.0)) as watched:
        watched.wait_for_event("down refused")
        began_s = time.monotonic()

    assert time.monotonic() - began_s < WITHIN_S


def test_a_camera_that_is_killed_and_returns_is_back_in_time(
    camera: RtspCamera,
) -> None:
    """Its end is no end of the stream, and its pts go on although it began anew."""
    camera.start()
    with watching(camera.url()) as watched:
        watched.wait_for_frames(10)
        camera.kill()
        watched.wait_for_event("down refused")
        watched.wait_for_event("down refused")
        num_before = len(watched.frames)
        camera.start()
        assert watched.wait_for_frames(10) < WITHIN_S

    lost = [event for event in watched.events if event.startswith("down")]
    assert lost[0] in {"down eof", "down network"}
    assert set(lost[1:]) == {"down refused"}
    pts = [frame.pts for frame in watched.frames]
    assert all(one < other for one, other in pairwise(pts))
    before, after = watched.frames[num_before - 1], watched.frames[num_before]
    gap_s = after.pts_seconds - before.pts_seconds
    assert gap_s == pytest.approx(after.decoded_at - before.decoded_at, abs=0.1)
    assert after.format is before.format
    assert [frame.index for frame in watched.frames] == list(range(len(pts)))


def test_a_camera_that_hangs_is_noticed_and_is_back_in_time(camera: RtspCamera) -> None:
    """Nothing is closed when a server is stopped (SIGSTOP): silence is the sign."""
    camera.start()
    with watching(camera.url(), stall_after_s=1.0) as watched:
        watched.wait_for_frames(10)
        camera.halt()
        watched.wait_for_event("down stalled")
        watched.wait_for_event("down timeout")
        camera.go_on()
        assert watched.wait_for_frames(10) < WITHIN_S

    assert watched.notes["lost_stalled"] == 1
    assert watched.notes["lost_timeout"] == 1


def test_a_wrong_password_is_told_without_it(camera: RtspCamera) -> None:
    """Neither sentence nor event holds the secret."""
    camera.start()
    with watching(camera.url("locked", "user:hunter2")) as watched:
        watched.wait_for_event("down auth")

    assert "password" in watched.sentences[0]
    assert "hunter2" not in watched.sentences[0]


def test_a_wrong_path_is_told(camera: RtspCamera) -> None:
    """The camera is there and the stream is not."""
    camera.start()
    with watching(camera.url("nowhere")) as watched:
        watched.wait_for_event("down not_found")

    assert "404" in watched.sentences[0]


def test_a_server_that_says_nothing_is_told() -> None:
    """It takes the connection and never answers."""
    with (
        silent_server() as port,
        watching(f"rtsp://127.0.0.1:{port}/x", stall_after_s=0.3) as watched,
    ):
        watched.wait_for_event("down timeout")

    assert "no answer for 0.3 s" in watched.sentences[0]
