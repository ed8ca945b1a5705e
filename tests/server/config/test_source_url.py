"""Sources that could never be reached are refused before anything runs."""

from __future__ import annotations

import pytest

from maskstream.pipeline.errors import ConfigError, MaskStreamError
from maskstream.pipeline.settings_file import check_settings
from maskstream.server.config.source import SourceConfig


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://cam:8554/main?channel=1",
        "rtsp://admin:p%40ss%2F%23@[fd00::7]:554/main",
        "rtmp://0.0.0.0:1935/live/key",
        "udp://@239.0.0.1:1234",
        "udp://:1234",
        "loop:https://host/clip.mp4",
        "loop:clip.mp4",
        "camera:0",
        "synthetic+live:testsrc2=size=320x240",
    ],
)
def test_what_could_be_there_is_taken(url: str) -> None:
    """Whether it is there is seen when it is opened."""
    assert SourceConfig.model_validate(url).url == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("rtsp://h:abc/1", "port"),
        ("rtsp://h:99999/1", "port"),
        ("rtsp:///1", "host"),
        ("rtsp://[zz/1", "host"),
        ("rtsp://u:hush@hush@h/1", "%40"),
        ("rtsp://u:hush/hush@h/1", "%40"),
        ("rtsp://u:hush#hush@h/1", "%40"),
        ("rtspp://u:hush@h/1", "did you mean rtsp://"),
        ("gopher://h/1", "known: rtsp, "),
    ],
)
def test_what_can_never_be_is_refused(url: str, why: str) -> None:
    """In a sentence that holds no password."""
    with pytest.raises(ConfigError, match=why) as caught:
        check_settings(SourceConfig, {"url": url})

    assert "hush" not in str(caught.value)


def test_a_test_picture_is_tried() -> None:
    """All that it is made of is here."""
    SourceConfig.model_validate("synthetic+live:testsrc2=size=64x64").check()

    with pytest.raises(MaskStreamError, match="no picture comes of it"):
        SourceConfig.model_validate("synthetic+live:nosuchfilter=1").check()


def test_a_transport_is_one_of_ffmpeg_s() -> None:
    """The one option that is often set, and by hand."""
    with pytest.raises(ConfigError, match="rtsp_transport is of tcp, udp"):
        check_settings(
            SourceConfig,
            {"url": "rtsp://h/1", "options": {"rtsp_transport": "pigeon"}},
        )
