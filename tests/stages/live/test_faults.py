"""What happens to a camera that is connected: freezing, silence, cuts, new sizes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from maskstream.stages.live.profiles import PROFILES
from tests.cameras import RtspCamera
from tests.live_watching import watching
from tests.tcp_proxy import proxy, server_tls

pytestmark = pytest.mark.slow

WITHIN_S = 5.0


@pytest.fixture(scope="module")
def camera() -> Iterator[RtspCamera]:
    """A camera that is always on."""
    with RtspCamera() as camera:
        camera.start()
        yield camera


def test_a_new_size_is_a_new_format(camera: RtspCamera) -> None:
    """The connection lasts; who writes files is told by the format's identity."""
    with watching(camera.url()) as watched:
        watched.wait_for_frames(5)
        camera.say("size 160x128")
        watched.wait_for_event("up 160x128")
        watched.wait_for_frames(5)
        camera.say("size 320x240")
        watched.wait_for_event("up 320x240")

    assert watched.events == ["connecting", "up 320x240", "up 160x128", "up 320x240"]


def test_silence_of_the_pictures_alone_is_a_stall(camera: RtspCamera) -> None:
    """The session and its reports (RTCP) go on; the watchdog is our own."""
    with watching(camera.url(), stall_after_s=1.5) as watched:
        watched.wait_for_frames(5)
        camera.say("mute")
        watched.wait_for_event("down stalled")
        camera.say("unmute")
        assert watched.wait_for_frames(5) < WITHIN_S


def test_a_frozen_picture_is_a_loss_until_it_moves(camera: RtspCamera) -> None:
    """Frames come and are passed on; it is told that they are all the same."""
    with watching(camera.url(), frozen_after_s=2.0) as watched:
        watched.wait_for_frames(5)
        camera.say("show red")
        watched.wait_for_event("down frozen")
        watched.wait_for_frames(20)
        assert watched.events[-1] == "connecting"
        camera.say("show ball")
        watched.wait_for_event("up 320x240")

    assert watched.notes["lost_frozen"] == 1


def test_a_connection_that_is_half_open_is_noticed(camera: RtspCamera) -> None:
    """A firewall forgot it: nothing comes and nothing closes."""
    with (
        proxy(camera.port) as between,
        watching(f"rtsp://127.0.0.1:{between.port}/open", stall_after_s=1.0) as watched,
    ):
        watched.wait_for_frames(5)
        between.hold()
        watched.wait_for_event("down stalled")
        watched.wait_for_event("down timeout")
        between.heal()
        assert watched.wait_for_frames(5) < WITHIN_S


def test_a_connection_that_is_cut_is_made_again(camera: RtspCamera) -> None:
    """At once, or nearly."""
    with (
        proxy(camera.port) as between,
        watching(f"rtsp://127.0.0.1:{between.port}/open") as watched,
    ):
        watched.wait_for_frames(5)
        between.cut()
        watched.wait_for(lambda: "down" in watched.events[-1])
        assert watched.wait_for_frames(5) < WITHIN_S

    assert watched.events[2] in {"down eof", "down network"}


def test_rtsp_over_tls_is_watched(camera: RtspCamera, tmp_path: Path) -> None:
    """The password and the pictures are not for others."""
    with (
        proxy(camera.port, server_tls(tmp_path)) as between,
        watching(f"rtsps://user:secret@127.0.0.1:{between.port}/locked") as watched,
    ):
        watched.wait_for_frames(5)


def test_a_server_without_tls_is_told(camera: RtspCamera) -> None:
    """Encryption was asked of a port that speaks in the clear."""
    with watching(f"rtsps://127.0.0.1:{camera.port}/open") as watched:
        watched.wait_for_event("down tls")


def test_an_unknown_host_is_told() -> None:
    """A name with a typing error in it."""
    with watching("rtsp://camera.invalid/main") as watched:
        watched.wait_for_event("down network")

    assert watched.sentences[0].endswith("no host of this name is known")


def test_a_basic_password_opens_the_stream() -> None:
    """Older cameras know no other."""
    with RtspCamera(auth="basic") as camera:
        camera.start()
        with watching(camera.url("locked", "user:secret")) as watched:
            watched.wait_for_frames(5)


@pytest.mark.parametrize("path", ["open", "hevc", "mjpeg"])
@pytest.mark.parametrize("profile", ["rtsp-udp", "rtsp-tcp", "low-latency"])
def test_every_codec_comes_by_every_profile(
    camera: RtspCamera, path: str, profile: str
) -> None:
    """H.264, H.265 and JPEG, over UDP and TCP."""
    with watching(camera.url(path), profile=PROFILES[profile]) as watched:
        watched.wait_for_frames(5)


def test_the_time_of_capture_is_the_camera_s_own(camera: RtspCamera) -> None:
    """By its reports (RTCP): it goes on with its pts, not with the arrival."""

    def is_even() -> bool:
        steps_s = [
            (other.captured_at or 0) - (one.captured_at or 0)
            for one, other in pairwise(watched.frames[-50:])
        ]
        # A new report may move it a little.
        return sum(abs(step_s - 0.04) < 0.001 for step_s in steps_s) > 40

    with watching(camera.url(), profile=PROFILES["rtsp-tcp"]) as watched:
        watched.wait_for(is_even)  # the first report comes after some seconds


def test_more_frames_than_wanted_are_dropped(camera: RtspCamera) -> None:
    """They are decoded, counted, and go no further."""
    with watching(camera.url(), max_fps=5) as watched:
        watched.wait_for_frames(10)

    account = watched.ledger.accounts()["cam"]
    dropped = account.sinks["video"].dropped["decode", "fps_limit"]
    assert account.decoded == len(watched.frames) + dropped
    frames = watched.frames
    lasted_s = frames[9].pts_seconds - frames[0].pts_seconds
    assert lasted_s == pytest.approx(9 / 5, abs=0.1)


def test_nothing_is_left_behind(camera: RtspCamera) -> None:
    """No file and no thread, whether it was up or not."""

    def once(url: str) -> None:
        with watching(url) as watched:
            watched.wait_for(lambda: len(watched.events) >= 2)

    def count() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    once(camera.url())
    before = count()
    for _ in range(5):
        once(camera.url())
        once(camera.url("nowhere"))

    assert count() == before
