from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from maskstream.training.metrics import Scores, count_pixels


def test_scores_follow_the_paper() -> None:
    """The four scores of section 5 of the FCN paper, worked out by hand."""
    confusion = np.array([[6, 2], [1, 1]])  # true class by row

    scores = Scores.of(confusion, ("road", "car"))

    assert scores.pixel_accuracy == pytest.approx(7 / 10)
    assert scores.mean_accuracy == pytest.approx((6 / 8 + 1 / 2) / 2)
    assert scores.per_class_iou == pytest.approx({"road": 6 / 9, "car": 1 / 4})
    assert scores.mean_iou == pytest.approx((6 / 9 + 1 / 4) / 2)
    assert scores.frequency_weighted_iou == pytest.approx(0.8 * 6 / 9 + 0.2 * 1 / 4)


def test_scores_equal_those_of_the_release() -> None:
    """score.py of the original release, line by line, on random counts."""
    confusion = np.random.default_rng(0).integers(0, 99, (6, 6))
    confusion[4] = 0  # never true, sometimes predicted
    with np.errstate(invalid="ignore"):
        recall = np.diag(confusion) / confusion.sum(1)
    union = confusion.sum(1) + confusion.sum(0) - np.diag(confusion)
    iou = np.diag(confusion) / union
    frequency = confusion.sum(1) / confusion.sum()

    scores = Scores.of(confusion, tuple("abcdef"))

    assert scores.mean_accuracy == pytest.approx(np.nanmean(recall))
    assert scores.mean_iou == pytest.approx(np.nanmean(iou))
    expected = (frequency[frequency > 0] * iou[frequency > 0]).sum()
    assert scores.frequency_weighted_iou == pytest.approx(expected)


@pytest.mark.slow
def test_scores_equal_those_of_torchmetrics() -> None:
    """Over several pictures with void, all that both define."""
    from torchmetrics.classification import (
        MulticlassAccuracy,
        MulticlassConfusionMatrix,
        MulticlassJaccardIndex,
    )

    rng = np.random.default_rng(0)
    truth = rng.integers(0, 5, (3, 20, 30)).astype(np.uint8)
    labels = np.where(rng.random(truth.shape) < 0.6, truth, rng.integers(0, 5)).astype(
        np.uint8
    )
    truth[:, :2] = 255
    counts = sum(
        (count_pixels(a, b, 5) for a, b in zip(labels, truth, strict=True)),
        start=np.zeros((5, 5), np.int64),
    )

    scores = Scores.of(counts, tuple("abcde"))

    def theirs(metric: type, **options: str) -> list[float]:
        measure = metric(5, ignore_index=255, **options)
        for a, b in zip(labels, truth, strict=True):
            measure.update(torch.from_numpy(a).long(), torch.from_numpy(b).long())
        value: list[float] = measure.compute().tolist()
        return value

    assert theirs(MulticlassConfusionMatrix) == counts.tolist()
    iou = theirs(MulticlassJaccardIndex, average="none")
    assert list(scores.per_class_iou.values()) == pytest.approx(iou)
    assert scores.mean_iou == pytest.approx(theirs(MulticlassJaccardIndex))
    weighted = theirs(MulticlassJaccardIndex, average="weighted")
    assert scores.frequency_weighted_iou == pytest.approx(weighted)
    accuracy = theirs(MulticlassAccuracy, average="micro")
    assert scores.pixel_accuracy == pytest.approx(accuracy)
    assert scores.mean_accuracy == pytest.approx(theirs(MulticlassAccuracy))


def test_an_absent_class_has_no_score() -> None:
    """Neither present nor predicted is nan, and out of the means."""
    confusion = np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]])

    scores = Scores.of(confusion, ("road", "car", "sky"))

    assert math.isnan(scores.per_class_iou["sky"])
    assert scores.mean_iou == pytest.approx((3 / 4 + 4 / 5) / 2)


def test_nothing_known_scores_nothing() -> None:
    """A split of void alone is neither good nor bad."""
    scores = Scores.of(np.zeros((2, 2), np.int64), ("road", "car"))

    assert math.isnan(scores.mean_iou)
    assert math.isnan(scores.pixel_accuracy)
    assert math.isnan(scores.frequency_weighted_iou)


def test_pixels_of_unknown_truth_are_left_out() -> None:
    """Void is any id that is not in the class table."""
    truth = np.array([[0, 1, 2, 255]], np.uint8)
    labels = np.array([[0, 0, 1, 1]], np.uint8)

    assert count_pixels(labels, truth, 2).tolist() == [[1, 0], [1, 0]]
