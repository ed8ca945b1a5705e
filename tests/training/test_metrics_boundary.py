from __future__ import annotations

import math

import numpy as np
import pytest

from maskstream.training.datasets import VOID, Labels
from maskstream.training.metrics import BoundaryF1, BoundaryScores


def halves(split: int, height: int = 60, width: int = 80) -> Labels:
    """Class 0 left of a column, class 1 from there."""
    labels = np.zeros((height, width), np.uint8)
    labels[:, split:] = 1
    return labels


def score(labels: Labels, truth: Labels, names: str = "ab") -> BoundaryScores:
    """Score one picture; its diagonal is 100, so the tolerance is 0.75 pixels."""
    f1 = BoundaryF1(tuple(names))
    f1.add(labels, truth)
    return f1.scores()


def test_the_same_contour_is_perfect() -> None:
    """For every class that has one; another has no score."""
    scores = score(halves(40), halves(40), "abc")

    assert scores.mean_f1 == 1
    assert scores.per_class_f1["a"] == scores.per_class_f1["b"] == 1
    assert math.isnan(scores.per_class_f1["c"])


@pytest.mark.parametrize(("off", "expected"), [(0, 1.0), (1, 0.0), (2, 0.0)])
def test_a_contour_beyond_the_tolerance_is_missed(off: int, expected: float) -> None:
    """However large the area that both agree on."""
    assert score(halves(40 + off), halves(40)).mean_f1 == expected


def test_the_tolerance_grows_with_the_picture() -> None:
    """At 800x600 the diagonal is 1000, and 7 pixels off are near enough."""
    labels, truth = halves(407, 600, 800), halves(400, 600, 800)

    assert score(labels, truth).mean_f1 == 1
    assert score(halves(408, 600, 800), truth).mean_f1 == 0


def test_precision_and_recall_both_count() -> None:
    """A true contour found whole, and as much again that is not there: F1 is 2/3."""
    labels = halves(40)
    labels[:, :20] = 1  # a second contour, as long

    scores = score(labels, halves(40))

    assert scores.mean_f1 == pytest.approx(2 / 3)


def test_void_has_no_contour() -> None:
    """Neither its border nor what is predicted in it counts."""
    truth = halves(40)
    truth[:, 60:] = VOID
    labels = halves(40)
    labels[10:20, 65:75] = 0

    assert score(labels, truth).mean_f1 == 1


def test_pictures_are_averaged() -> None:
    """A class is scored over the pictures that hold it."""
    f1 = BoundaryF1(("a", "b"))
    f1.add(halves(40), halves(40))
    f1.add(halves(50), halves(40))
    f1.add(halves(80), halves(80))  # class 0 alone, without a contour

    assert f1.scores().per_class_f1 == {"a": 0.5, "b": 0.5}


def test_nothing_to_follow_is_no_score() -> None:
    """One class that fills the picture has no contour."""
    assert math.isnan(score(halves(80), halves(80)).mean_f1)
