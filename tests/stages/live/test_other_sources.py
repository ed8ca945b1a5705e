"""Sources other than RTSP: each gives frames, and each that falls silent is noticed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from maskstream.stages.live.profiles import PROFILES
from maskstream.stages.planes import plane_samples
from tests.clips import make_clip
from tests.live_watching import watching
from tests.publishers import publishing
from tests.servers import refusing_port
from tests.viewers import nginx
from tests.web_servers import folder_server, mjpeg_server

pytestmark = pytest.mark.slow


def test_jpegs_over_http_are_timed_by_their_arrival() -> None:
    """FFmpeg makes up a rate for them; and a server that falls silent is noticed."""
    with (
        mjpeg_server() as (port, is_mute),
        watching(f"http://127.0.0.1:{port}/", stall_after_s=1.0) as watched,
    ):
        watched.wait_for_frames(20)
        is_mute.set()
        watched.wait_for_event("down stalled")
        is_mute.clear()
        watched.wait_for_frames(5)

    first, last = watched.frames[0], watched.frames[-1]
    lasted_s = last.decoded_at - first.decoded_at
    assert last.pts_seconds - first.pts_seconds == pytest.approx(lasted_s, abs=0.01)


def test_the_profile_of_jpegs_says_what_they_are() -> None:
    """For servers that do not tell their type."""
    with (
        mjpeg_server() as (port, _),
        watching(
            f"http://127.0.0.1:{port}/", profile=PROFILES["http-mjpeg"]
        ) as watched,
    ):
        watched.wait_for_frames(5)

    assert watched.events == ["connecting", "up 160x128"]


def test_a_jpeg_that_ends_in_the_middle_is_not_shown() -> None:
    """FFmpeg would make the rest of it grey, without a word."""
    with (
        mjpeg_server(is_broken=True) as (port, _),
        watching(f"http://127.0.0.1:{port}/") as watched,
    ):
        watched.wait_for_frames(30)

    lumas = [plane_samples(frame.picture)[0].astype(int) for frame in watched.frames]
    assert max(abs(luma[0] - luma[-1]).max() for luma in lumas) < 30
    assert watched.notes["cut_jpegs"] >= 2


def test_rtmp_is_watched(tmp_path: Path) -> None:
    """What is published to a server is read from it; its publisher may leave."""
    with (
        nginx(tmp_path) as (_, address),
        publishing(f"rtmp://{address}/live/cam", "flv") as is_over,
        watching(f"rtmp://{address}/live/cam", stall_after_s=2.0) as watched,
    ):
        watched.wait_for_frames(20)
        is_over.set()
        watched.wait_for(lambda: "down" in watched.events[-1])

    assert watched.events[:2] == ["connecting", "up 160x128"]


def test_a_transport_stream_over_udp_is_watched() -> None:
    """Nobody answers there: silence is all that tells."""
    url = f"udp://127.0.0.1:{refusing_port()}"
    with watching(url, stall_after_s=1.0) as watched:
        watched.wait_for_event("down timeout")
        with publishing(f"{url}?pkt_size=1316", "mpegts"):
            watched.wait_for_frames(20)
        watched.wait_for_event("down stalled")


def test_hls_comes_at_its_own_pace(tmp_path: Path) -> None:
    """Segments come at once, and their pictures one after the other."""
    options = {"hls_time": "1", "hls_list_size": "4", "hls_flags": "delete_segments"}
    with (
        folder_server(tmp_path) as port,
        publishing(str(tmp_path / "live.m3u8"), "hls", options),
        watching(f"http://127.0.0.1:{port}/live.m3u8") as watched,
    ):
        watched.wait_for_frames(100)

    frames = watched.frames[:100]
    waits_s = [b.decoded_at - a.decoded_at for a, b in pairwise(frames)]
    assert sorted(waits_s)[50] > 0.02
    assert "pts_discontinuities" not in watched.notes


def test_a_file_over_http_is_watched(tmp_path: Path) -> None:
    """At its own pace; its end is one of the stream, and it is begun again."""
    make_clip(tmp_path / "clip.mp4", frames=25)
    with (
        folder_server(tmp_path) as port,
        watching(f"http://127.0.0.1:{port}/clip.mp4") as watched,
    ):
        watched.wait_for_event("down eof")
        watched.wait_for_frames(1)

    assert watched.frames[24].decoded_at - watched.frames[0].decoded_at > 0.9


def test_a_file_in_a_loop_has_no_end(clip: Path) -> None:
    """Its beginning follows its end, at its own pace, on one timeline."""
    with watching(f"loop:{clip}") as watched:
        watched.wait_for_frames(50)

    assert watched.events == ["connecting", "up 96x64"]
    assert watched.notes == {}


def test_a_synthetic_camera_is_watched() -> None:
    """It ends by itself, and is begun again."""
    graph = "synthetic+live:testsrc2=size=64x48:rate=25:duration=0.4"
    with watching(graph) as watched:
        watched.wait_for_frames(15)

    assert watched.events[2] == "down eof"


def test_a_camera_of_this_machine_may_be_plugged_in_later() -> None:
    """It is no error that it is not there."""
    with watching("camera:99") as watched:
        watched.wait_for_event("down not_found")

    assert watched.sentences[0].endswith("no such camera (/dev/video99 is missing)")
