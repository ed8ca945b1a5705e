"""Privacy as it is set."""

from __future__ import annotations

import pytest

from maskstream.models.classes import CAMVID
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.settings_file import check_settings
from maskstream.server.config.privacy import PrivacyConfig


def test_nothing_is_hidden_unless_asked() -> None:
    """No stage is made then."""
    assert PrivacyConfig().redactor(CAMVID, Ledger()) is None


def test_words_become_the_settings_of_the_stage() -> None:
    """With the units that people write."""
    config = check_settings(
        PrivacyConfig,
        {
            "hide": ["car", "pedestrian"],
            "style": "fill",
            "also_hold": "250ms",
            "held": "widen",
        },
    )

    redactor = config.redactor(CAMVID, Ledger())

    assert redactor is not None
    assert redactor.hidden == {"car", "pedestrian"}
    assert redactor.is_filled
    assert redactor.shows_held
    assert redactor.also_hold_s == 0.25


def test_an_unknown_class_is_refused() -> None:
    """Before anything is shown."""
    config = check_settings(PrivacyConfig, {"hide": ["people"]})

    with pytest.raises(ConfigError, match="no class is named 'people'"):
        config.redactor(CAMVID, Ledger())
