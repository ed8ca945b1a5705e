"""Settings of what a stream is published to."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from maskstream.pipeline.errors import ConfigError
from maskstream.server.config.publishing import PublishConfig, sink_names


def test_a_url_is_enough() -> None:
    """Everything else has its default."""
    config = PublishConfig(url="rtsp://media:8554/front")

    assert config.target.format == "rtsp"
    assert config.target.muxer_options == {"rtsp_transport": "tcp"}


def test_rates_and_times_have_units() -> None:
    """As in the rest of the configuration."""
    config = PublishConfig.model_validate(
        {"folder": "hls/front", "max_bitrate": "800k", "stub_after": "500ms"}
    )

    assert config.encoding.max_bitrate == 800_000
    assert config.stub_after == 0.5
    assert config.target.address == "hls/front/index.m3u8"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "url or folder is needed"),
        ({"url": "rtsp://a", "folder": "b"}, "not both"),
        ({"url": "srt://host:1"}, "no SRT"),
        ({"url": "http://host/x"}, "cannot publish to http://"),
        ({"url": "folder"}, "must begin with rtsp://"),
        ({"folder": "rtsp://a/b"}, "got a URL"),
        ({"url": "rtsp://a", "max_bitrate": "much"}, "a bit rate such as 4M"),
    ],
)
def test_what_cannot_be_published_to_is_one_sentence(
    settings: dict[str, Any], sentence: str
) -> None:
    """Said before anything starts."""
    with pytest.raises(ValidationError, match=re.escape(sentence)):
        PublishConfig.model_validate(settings)


def test_a_refused_url_hides_its_password() -> None:
    """The sentence says which URL it was, without its secrets."""
    with pytest.raises(ValidationError) as caught:
        PublishConfig(url="http://user:secret@host/x")

    assert "secret" not in caught.value.errors()[0]["msg"]


def test_a_codec_that_is_not_there_is_named() -> None:
    """When the stream is built: the configuration may be checked elsewhere."""
    config = PublishConfig(url="rtsp://a", preset="warp")

    with pytest.raises(ConfigError, match="no preset 'warp'"):
        config.check()


def test_sinks_of_one_stream_have_names_of_their_own() -> None:
    """By protocol, numbered from the second one on."""
    configs = [
        PublishConfig(url="rtsp://a/1"),
        PublishConfig.model_validate({"folder": "x"}),
        PublishConfig(url="rtsps://b/1"),
        PublishConfig(url="rtmp://b/live/key", name="youtube"),
    ]

    assert sink_names(configs) == ("rtsp", "hls", "rtsp-2", "youtube")
