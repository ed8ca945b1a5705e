from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from maskstream.training.datasets import VOID, Labels, Picture
from maskstream.training.metrics import (
    Agreement,
    MotionTracker,
    TemporalConsistency,
    TemporalScores,
)

NAMES = ("a", "b")


def texture(seed: int = 0) -> Picture:
    """Draw something that flow can hold on to, (96, 160, 3)."""
    noise = np.random.default_rng(seed).integers(0, 256, (96, 160, 3)).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.uint8)


def stripe(left: int) -> Labels:
    """Class 1 in a stripe 40 wide, class 0 around it."""
    labels = np.zeros((96, 160), np.uint8)
    labels[:, left : left + 40] = 1
    return labels


def score(*frames: tuple[Picture, Labels]) -> TemporalScores:
    """Score a short clip."""
    motions, temporal = MotionTracker(), TemporalConsistency(NAMES)
    for picture, labels in frames:
        temporal.add(motions.step(picture), labels)
    return temporal.scores()


def test_a_still_scene_with_still_labels_does_not_flicker() -> None:
    """Every pixel is followed and none changes."""
    scores = score(*[(texture(), stripe(40))] * 3)

    assert scores.consistency == 1
    assert scores.flicker == 0
    assert scores.followed == 1


def test_labels_that_change_on_a_still_scene_flicker() -> None:
    """The stripe moves by 4 of 160 columns, and nothing else does: 8 change."""
    scores = score((texture(), stripe(40)), (texture(), stripe(44)))

    assert scores.flicker == pytest.approx(8 / 160)
    assert scores.consistency == pytest.approx((36 / 44 + 116 / 124) / 2)


def test_labels_that_move_with_the_scene_do_not_flicker() -> None:
    """The flow carries them; labels that stay behind do flicker."""
    before, after = texture(), np.roll(texture(), 6, axis=1)

    moving = score((before, stripe(40)), (after, stripe(46)))
    left_behind = score((before, stripe(40)), (after, stripe(40)))

    assert moving.flicker < 0.01
    assert left_behind.flicker > 0.05
    assert moving.followed > 0.85


def test_what_cannot_be_followed_is_not_judged() -> None:
    """A cut to another scene leaves little to compare."""
    scores = score((texture(0), stripe(40)), (texture(1), stripe(90)))

    assert scores.followed < 0.5


def test_void_does_not_flicker() -> None:
    """In either of two frames."""
    labels = stripe(44)
    labels[:, 30:100] = VOID

    scores = score((texture(), stripe(40)), (texture(), labels))

    assert scores.flicker == 0
    assert scores.followed == pytest.approx(90 / 160)


def test_one_frame_has_no_score() -> None:
    """There is nothing to compare it with."""
    assert math.isnan(score((texture(), stripe(0))).flicker)


def test_agreement_counts_pixels() -> None:
    """Over all pictures, and in the worst of them."""
    agreement = Agreement()
    agreement.add(stripe(0), stripe(0))
    agreement.add(stripe(0), stripe(40))

    scores = agreement.scores()

    assert scores.agreement == pytest.approx(0.75)
    assert scores.worst_picture == pytest.approx(0.5)


def test_agreement_of_nothing_is_no_score() -> None:
    """No picture was compared."""
    assert math.isnan(Agreement().scores().agreement)
