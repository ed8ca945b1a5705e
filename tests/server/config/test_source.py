"""What can be set of a source."""

from __future__ import annotations

import pytest

from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.settings_file import check_settings
from maskstream.server.config.source import SourceConfig


def test_a_plain_string_is_the_url() -> None:
    """Most sources need nothing else."""
    config = SourceConfig.model_validate("rtsp://camera/main")

    assert config.url == "rtsp://camera/main"
    assert config.reconnect.max == 30.0


def test_times_have_units() -> None:
    """As everywhere in the configuration."""
    settings = {"url": "rtsp://c/", "stall": "2s", "reconnect": {"initial": "500ms"}}

    config = check_settings(SourceConfig, settings)

    assert (config.stall, config.reconnect.initial) == (2.0, 0.5)


def test_a_typing_error_is_told() -> None:
    """With the key that was meant."""
    with pytest.raises(ConfigError, match="did you mean 'stall'"):
        check_settings(SourceConfig, {"url": "rtsp://c/", "stal": "2s"})


def test_the_url_is_not_shown() -> None:
    """It may hold a password."""
    config = SourceConfig.model_validate("rtsp://user:secret@camera/main")

    assert "secret" not in repr(config)
