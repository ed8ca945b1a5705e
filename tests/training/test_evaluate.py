from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from maskstream.models.build import build_model
from maskstream.models.classes import CAMVID
from maskstream.training.dataset import LabelledFolder, Labels, Picture
from maskstream.training.evaluate import (
    Scores,
    count_pixels,
    evaluate,
    torch_predictor,
)


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


def test_an_absent_class_has_no_score() -> None:
    """Neither present nor predicted is nan, out of the means, and null in JSON."""
    confusion = np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]])

    scores = Scores.of(confusion, ("road", "car", "sky"))

    assert math.isnan(scores.per_class_iou["sky"])
    assert scores.mean_iou == pytest.approx((3 / 4 + 4 / 5) / 2)
    assert json.loads(scores.to_json())["per_class_iou"]["sky"] is None


def test_nothing_known_scores_nothing() -> None:
    """A split of void alone gives nan, and JSON that any parser reads."""
    scores = Scores.of(np.zeros((2, 2), np.int64), ("road", "car"))

    assert math.isnan(scores.mean_iou)
    assert json.loads(scores.to_json())["mean_iou"] is None


def test_pixels_of_unknown_truth_are_left_out() -> None:
    """Void is any id that is not in the class table."""
    truth = np.array([[0, 1, 2, 255]], np.uint8)
    labels = np.array([[0, 0, 1, 1]], np.uint8)

    assert count_pixels(labels, truth, 2).tolist() == [[1, 0], [1, 0]]


def test_any_engine_can_be_scored(labelled_dir: Path) -> None:
    """A function from a picture and a size to labels is all that is asked."""

    def predict(picture: Picture, size_hw: tuple[int, int]) -> Labels:
        assert size_hw == (48, 64)
        return np.where(picture[..., 0] < 128, 3, 0).astype(np.uint8)

    folder = LabelledFolder.open(labelled_dir, "train")

    scores = evaluate(predict, folder, CAMVID)

    assert scores.mean_iou == 1
    assert scores.per_class_iou["road"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("network_hw", [None, (64, 96)])
def test_a_network_labels_at_the_size_asked_for(
    network_hw: tuple[int, int] | None,
) -> None:
    """Whatever size the network sees, labels come at the size of the truth."""
    torch.manual_seed(0)
    predict = torch_predictor(build_model("fcn8s-lite0-slim", 4).eval(), network_hw)

    labels = predict(np.zeros((48, 64, 3), np.uint8), (50, 70))

    assert labels.shape == (50, 70)
    assert labels.dtype == np.uint8
    assert labels.max() < 4
