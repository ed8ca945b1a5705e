"""What can be set of a source."""

from __future__ import annotations

import pytest

from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.errors import ConfigError, SourceError
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.settings_file import check_settings
from maskstream.server.config.source import SourceConfig
from maskstream.stages.live.profiles import PROFILES
from tests.nvdec import has_nvdec


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


def test_every_profile_can_be_named() -> None:
    """And is handed to the decoder, with the options over it."""
    for name, profile in PROFILES.items():
        config = SourceConfig.model_validate(
            {"url": "rtsp://c/", "profile": name, "options": {"probesize": 5000}}
        )
        decoder = config.live_decoder("cam", Ledger(), ManualClock())

        assert decoder.profile is profile
        assert decoder.options == {"probesize": "5000"}


def test_what_is_not_live_is_told() -> None:
    """With what would be."""
    config = SourceConfig.model_validate("synthetic:")

    with pytest.raises(SourceError, match="loop:synthetic: plays it again and again"):
        config.live_decoder("cam", Ledger(), ManualClock())


def test_a_camera_is_decoded_where_it_is_asked_for() -> None:
    """In software if nothing is said; and what cannot be had is refused by `check`."""
    plain = SourceConfig.model_validate("synthetic+live:")
    asked = SourceConfig(url="synthetic+live:", decoder="nvdec")

    assert plain.live_decoder("cam", Ledger(), ManualClock()).nvdec is None
    assert asked.live_decoder("cam", Ledger(), ManualClock()).nvdec is not None
    if not has_nvdec():
        with pytest.raises(ConfigError, match="decoder nvdec needs a CUDA device"):
            asked.check()
