"""A camera that is replaced while the daemon runs."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from tests.cameras import RtspCamera
from tests.end_to_end.daemon import Daemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def sizes_of(video: Path) -> set[tuple[int, int]]:
    """The sizes of all pictures of a file, which must be whole."""
    with av.open(str(video)) as container:
        return {(one.width, one.height) for one in container.decode(video=0)}


def test_another_camera_at_the_same_address_opens_a_new_segment(
    tmp_path: Path,
) -> None:
    """With another codec and another size: H.264, then H.265, then JPEG."""
    recording = {"folder": str(tmp_path / "rec"), "mask": True, "min_free": 0}
    with RtspCamera() as camera:
        settings = {
            "defaults": {"recording": recording},
            "streams": {"front": {"source": camera.url()}},
        }
        with Daemon(tmp_path, settings) as daemon:
            daemon.wait(lambda: daemon.ask("GET", "/readyz").is_success, "the network")
            for codec, size in (
                ("h264", "320x240"),
                ("hevc", "480x320"),
                ("mjpeg", "256x192"),
            ):
                camera.start(codec)
                camera.say(f"size {size} 5")
                daemon.wait_written("front", 10)
                camera.kill()
                daemon.wait(
                    lambda: daemon.stream("front")["state"] != "running", "an outage"
                )
            front = daemon.stream("front")

            assert daemon.stop() == 0, daemon.printed

    videos = sorted((tmp_path / "rec" / "front").glob("*/*.mp4"))
    sizes = [sizes_of(video) for video in videos]
    assert all(len(one) == 1 for one in sizes)
    assert [one.pop() for one in sizes] == [(320, 240), (480, 320), (256, 192)]
    for sink in front["sinks"].values():
        dropped = sum(one["frames"] for one in sink["dropped"])
        assert sink["written"] + sink["in_flight"] + dropped == front["decoded"]
