"""What FFmpeg is told of a source."""

from __future__ import annotations

from maskstream.stages.live.profiles import PROFILES, with_options
from maskstream.stages.live.sources import live_source


def options(given: str, profile: str = "auto", **raw: str) -> dict[str, str]:
    """What a source is opened with."""
    source = with_options(live_source(given), PROFILES[profile], raw)
    return dict(source.options)


def test_rtsp_is_read_over_tcp_where_that_is_possible() -> None:
    """And without sound, encrypted or not."""
    for url in ("rtsp://c/", "rtsps://c/"):
        assert options(url)["rtsp_flags"] == "prefer_tcp"
        assert options(url)["allowed_media_types"] == "video"


def test_a_profile_decides_the_transport() -> None:
    """For cameras that speak one of them badly."""
    assert options("rtsp://c/", "rtsp-udp")["rtsp_transport"] == "udp"
    assert options("rtsp://c/", "rtsp-tcp")["rtsp_transport"] == "tcp"


def test_raw_options_have_the_last_word() -> None:
    """Over the profile and over what the protocol is given by default."""
    found = options(
        "rtsp://c/", "rtsp-udp", rtsp_transport="tcp", rtsp_flags="filter_src"
    )

    assert found["rtsp_transport"] == "tcp"
    assert found["rtsp_flags"] == "filter_src"


def test_a_network_may_not_lead_to_files_of_this_machine() -> None:
    """A playlist could name them."""
    allowed = options("http://c/live.m3u8")["protocol_whitelist"].split(",")

    assert not {"file", "concat", "subfile", "pipe", "fd", "unix"} & set(allowed)


def test_a_camera_of_this_machine_needs_no_network() -> None:
    """FFmpeg is told nothing that it does not need."""
    assert options("camera:0") == {}
