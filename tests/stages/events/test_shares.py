"""How much of a picture or of a region classes cover."""

from __future__ import annotations

import numpy as np
import pytest

from maskstream.models.classes import CAMVID
from maskstream.pipeline.errors import ConfigError
from maskstream.stages.events.rules import Rule
from maskstream.stages.events.shares import Shares

ROAD, CAR, PERSON = (CAMVID.index(name) for name in ("road", "car", "pedestrian"))
TOP_LEFT = ((0.0, 0.0), (0.499, 0.0), (0.499, 0.499), (0.0, 0.499))


def shares_of(labels: np.ndarray, *rules: Rule, rotation: int = 0) -> list[float]:
    """Look at one frame."""
    return Shares(rules, CAMVID).of(labels.astype(np.uint8), rotation)


def test_classes_count_together_in_the_whole_picture_and_in_a_region() -> None:
    """A region's share is of its own pixels."""
    labels = np.full((100, 200), ROAD)
    labels[:50, :50] = CAR
    labels[:50, 50:100] = PERSON

    shares = shares_of(
        labels,
        Rule("one", ("car",), 0.1),
        Rule("both", ("car", "pedestrian"), 0.1),
        Rule("region", ("car",), 0.1, within=TOP_LEFT),
    )

    assert shares == pytest.approx([0.125, 0.25, 0.5], abs=0.005)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_region_is_of_the_upright_picture(rotation: int) -> None:
    """Labels lie as the picture is stored; people point at what they see."""
    upright = np.full((120, 200), ROAD)
    upright[:60, :100] = CAR
    stored = np.ascontiguousarray(np.rot90(upright, -(rotation // 90)))

    (share,) = shares_of(
        stored, Rule("region", ("car",), 0.1, within=TOP_LEFT), rotation=rotation
    )

    assert share == pytest.approx(1.0)


def test_a_change_of_size_is_followed() -> None:
    """Regions are shares of whatever the picture is."""
    shares = Shares([Rule("region", ("car",), 0.1, within=TOP_LEFT)], CAMVID)

    for size_hw in ((100, 200), (90, 160), (200, 100)):
        assert shares.of(np.full(size_hw, CAR, np.uint8), 0) == [1.0]


def test_an_unknown_class_is_refused() -> None:
    """With the one that may have been meant."""
    with pytest.raises(ConfigError, match="did you mean pedestrian"):
        Shares([Rule("r", ("pedestrain",), 0.1)], CAMVID)
