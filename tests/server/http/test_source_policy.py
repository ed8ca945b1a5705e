"""Which sources may come over HTTP."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskstream.pipeline.errors import ConfigError
from maskstream.server.config.http import AllowedSources
from maskstream.server.http.source_policy import SourcePolicy

HOSTS = {
    "cam.lan": ["10.0.0.7"],
    "nas.lan": ["10.0.0.8", "fd00::8"],
    "localhost": ["127.0.0.1", "::1"],
    "rebound.example": ["93.184.216.34", "127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "2130706433": ["127.0.0.1"],  # as inet_aton reads it
    "0x7f.1": ["127.0.0.1"],
}


def make_policy(*hosts: str) -> SourcePolicy:
    """Make a policy that asks no resolver."""
    allowed = AllowedSources(hosts=hosts or ("*",))
    return SourcePolicy(allowed, resolve=lambda host: HOSTS.get(host, []))


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://cam.lan/main",
        "rtsp://admin:p%40ss@cam.lan:8554/main?channel=1&subtype=0",
        "rtsps://192.168.1.20/stream",
        "rtmp://nas.lan/live/key",
        "http://10.0.0.7:8081/video.mjpg",
        "https://[2001:db8::7]/video.ts",
    ],
)
def test_cameras_are_admitted(url: str) -> None:
    """What cameras speak, from any machine that is none of the special ones."""
    options = make_policy().admit(url)

    assert "file" not in options["protocol_whitelist"]


@pytest.mark.parametrize(
    "url",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "concat:rtsp://cam.lan/a|file:/etc/passwd",
        "subfile,,start,0,end,0,,:/etc/passwd",
        "hls+file:///etc/passwd",
        "hls+http://cam.lan/x",
        "crypto+file:///etc/passwd",
        "cache:http://cam.lan/x",
        "async:http://cam.lan/x",
        "data:video/mp4;base64,AAAA",
        "pipe:0",
        "fd:0",
        "unix:/run/docker.sock",
        "tcp://cam.lan:22",
        "udp://cam.lan:1234",
        "rtp://cam.lan:1234",
        "tee:a|b",
        "gopher://cam.lan/",
        "ftp://cam.lan/a",
        "camera:0",
        "synthetic:testsrc2",
        "synthetic+live:movie=/etc/passwd",
        "loop:/srv/clip.mp4",
        "sample:street",
        "http:cam.lan/x",
        "http:/cam.lan/x",
        "http:///etc/passwd",
        "http://",
        "rtsp://:554/main",
        "",
        " rtsp://cam.lan/main",
        "rtsp://cam.lan/main -i /etc/passwd\n",
        "rtsp://cam.lan/a\r\nSETUP x",
        "rtsp://cam.lan\\@localhost/",
        "rtsp://cam.lan@localhost@cam.lan/",
        "rtsp://cam.lan%00.localhost/",
        "rtsp://c\u00e4m.lan/main",
        "rtsp://cam.lan:99999/main",
        "rtsp://[::1/main",
        "rtmp://cam.lan/live playpath=x",
        "rtsp://cam.lan/" + "a" * 2048,
    ],
)
def test_what_is_no_plain_url_of_a_camera_is_refused(url: str) -> None:
    """Other protocols, protocols in protocols, and what parsers may disagree on."""
    with pytest.raises(ConfigError, match=r"^source: [^\n]+$"):
        make_policy("*", "cam.lan").admit(url)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "127.9.9.9",
        "2130706433",
        "0x7f.1",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[2002:7f00:1::]",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
        "metadata.google.internal",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "224.0.0.1",
        "255.255.255.255",
        "rebound.example",
        "unknown.example",
    ],
)
def test_a_star_does_not_take_in_this_machine_nor_its_cloud(host: str) -> None:
    """Loopback, link-local and the like have to be named, whatever they are called."""
    with pytest.raises(ConfigError, match=r"name it in http.allowed_sources.hosts"):
        make_policy("*").admit(f"http://{host}/video.mjpg")


@pytest.mark.parametrize(
    ("hosts", "url"),
    [
        (("localhost",), "rtsp://localhost:8554/main"),
        (("127.0.0.0/8",), "rtsp://127.0.0.1:8554/main"),
        (("10.0.0.0/8",), "rtsp://cam.lan/main"),
        (("10.0.0.0/8", "fd00::/8"), "rtsp://nas.lan/main"),
        (("*.lan",), "rtsp://CAM.lan/main"),
        (("cam-??.example",), "rtsp://cam-01.example/main"),
    ],
)
def test_what_is_named_is_admitted(hosts: tuple[str, ...], url: str) -> None:
    """By name, by pattern, or by a network that holds all of its addresses."""
    make_policy(*hosts).admit(url)


@pytest.mark.parametrize(
    ("hosts", "url"),
    [
        (("cam.lan",), "rtsp://nas.lan/main"),
        (("10.0.0.0/8",), "rtsp://nas.lan/main"),
        (("10.0.0.0/8",), "rtsp://unknown.example/main"),
        (("*.lan",), "rtsp://cam.lan.example/main"),
    ],
)
def test_what_is_not_named_is_refused(hosts: tuple[str, ...], url: str) -> None:
    """Without a star, only what the settings name is admitted."""
    with pytest.raises(ConfigError, match="is not allowed"):
        make_policy(*hosts).admit(url)


def test_only_a_named_server_may_lead_elsewhere() -> None:
    """Playlists and redirects of a server that nobody vouches for are not followed."""
    unnamed = make_policy().admit("http://cam.lan/video")
    named = make_policy("cam.lan").admit("http://cam.lan/live.m3u8")

    assert unnamed["max_redirects"] == "0"
    assert "hls" not in unnamed["format_whitelist"]
    assert "hls" in named["format_whitelist"]
    with pytest.raises(ConfigError, match="a playlist of cam"):
        make_policy().admit("http://cam.lan/live.m3u8")


def test_no_password_is_in_a_refusal() -> None:
    """A sentence goes into logs and onto screens."""
    with pytest.raises(ConfigError) as refusal:
        make_policy().admit("rtsp://admin:hunter2@127.0.0.1/main")

    assert "hunter2" not in str(refusal.value)


@given(st.text(max_size=60))
def test_every_text_is_admitted_or_refused(text: str) -> None:
    """Nothing else is raised, whatever stands where a URL should."""
    for url in (text, f"rtsp://{text}", f"http://cam.lan{text}"):
        with suppress(ConfigError):
            assert make_policy().admit(url)
            assert url.startswith(("rtsp://", "rtsps://", "rtmp://", "http"))
