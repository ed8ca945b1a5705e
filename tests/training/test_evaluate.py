from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from maskstream.models.build import build_model
from maskstream.models.classes import CAMVID
from maskstream.models.engines import open_engine
from maskstream.models.fcn import FCN
from maskstream.training.dataset import LabelledFolder
from maskstream.training.datasets import VOID, Labels, Picture
from maskstream.training.evaluate import evaluate
from maskstream.training.metrics import Box
from maskstream.training.predict import engine_predictor, multi_scale_predictor

ROAD = CAMVID.index("road")


def by_brightness(picture: Picture, size_hw: tuple[int, int]) -> Labels:
    """Label what is dark as road and the rest as sky."""
    assert picture.shape[:2] == size_hw
    return np.where(picture[..., 0] < 128, ROAD, 0).astype(np.uint8)


def test_anything_that_labels_can_be_scored(labelled_dir: Path) -> None:
    """A function from a picture and a size to labels is all that is asked."""
    folder = LabelledFolder.open(labelled_dir, "train")

    evaluation = evaluate(by_brightness, folder, CAMVID)

    assert evaluation.scores.mean_iou == 1
    assert evaluation.scores.per_class_iou["road"] == 1
    assert evaluation.boundary.mean_f1 == 1
    assert evaluation.boxes is None
    assert evaluation.temporal is None
    assert evaluation.agreement is None


def test_json_is_flat_for_the_papers_scores(labelled_dir: Path) -> None:
    """What is absent is null, and what was not asked for is not there."""
    folder = LabelledFolder.open(labelled_dir, "val")

    text = evaluate(by_brightness, folder, CAMVID).to_json()

    told = json.loads(text)
    assert len(text.splitlines()) < 60  # a row of the matrix is one line
    assert told["pixel_accuracy"] == told["mean_accuracy"] == told["mean_iou"] == 1
    assert told["frequency_weighted_iou"] == 1
    assert told["per_class_iou"]["car"] is None
    assert np.array(told["confusion"]).shape == (11, 11)
    assert told["boundary"]["per_class_f1"]["road"] == 1
    assert "boxes" not in told
    assert "temporal" not in told


def test_things_in_void_are_not_held_against_it() -> None:
    """Nobody knows whether what is found there is right."""
    truth = np.full((20, 20), VOID, np.uint8)
    truth[:, :10] = ROAD
    car = CAMVID.index("car")

    def predict(picture: Picture, size_hw: tuple[int, int]) -> Labels:
        labels = np.full(size_hw, car, np.uint8)
        labels[:, :10] = ROAD
        return labels

    def find_boxes(labels: Labels) -> list[Box]:
        box = cv2.boundingRect((labels == car).view(np.uint8))
        return [Box("car", *box)] if box[2] else []

    picture = np.zeros((20, 20, 3), np.uint8)

    evaluation = evaluate(predict, [(picture, truth)], CAMVID, find_boxes=find_boxes)

    assert evaluation.boxes is not None
    assert evaluation.boxes.num_found == 0


def test_another_engine_is_compared_and_scored() -> None:
    """Agreement needs no truth; its own mean IoU does."""
    truth = np.full((8, 8), ROAD, np.uint8)
    truth[:4] = 0

    def right(picture: Picture, size_hw: tuple[int, int]) -> Labels:
        return truth

    def half_right(picture: Picture, size_hw: tuple[int, int]) -> Labels:
        return np.zeros(size_hw, np.uint8)

    samples = [(np.zeros((8, 8, 3), np.uint8), truth)]

    evaluation = evaluate(right, samples, CAMVID, other=half_right)

    assert evaluation.agreement is not None
    assert evaluation.agreement.agreement == 0.5
    assert evaluation.scores.mean_iou == 1
    assert evaluation.other_scores is not None
    assert evaluation.other_scores.mean_iou == pytest.approx((0.5 + 0) / 2)


def test_a_clip_is_judged_in_time(labelled_dir: Path) -> None:
    """So is its truth, which is the best that can be reached."""
    sample = LabelledFolder.open(labelled_dir, "val")[0]

    evaluation = evaluate(by_brightness, [sample] * 2, CAMVID, is_clip=True)

    assert evaluation.temporal is not None
    assert evaluation.true_temporal is not None
    assert evaluation.temporal.flicker == 0
    assert evaluation.temporal.followed == 1
    assert 0.9 < evaluation.true_temporal.followed < 1  # without void


@pytest.fixture
def network() -> FCN:
    """A small network that has learnt nothing."""
    torch.manual_seed(0)
    return build_model("fcn8s-lite0-slim", 4).eval()


@pytest.fixture
def noise() -> Picture:
    """A picture of noise, (48, 64, 3)."""
    return np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)


@pytest.mark.slow
def test_one_scale_labels_as_the_engine_does(network: FCN, noise: Picture) -> None:
    """At whatever size the network sees, labels come at the size of the truth."""
    once = multi_scale_predictor(network, (64, 96))
    with closing(open_engine(network, engine="torch", precision="fp32")) as engine:
        expected = engine_predictor(engine, (64, 96))(noise, (50, 70))

    labels = once(noise, (50, 70))

    assert labels.shape == (50, 70)
    assert labels.dtype == np.uint8
    assert (labels == expected).mean() > 0.999


@pytest.mark.slow
def test_a_mirrored_picture_gets_mirrored_labels(network: FCN, noise: Picture) -> None:
    """With ``flip`` both sides are seen alike, which one pass does not ensure."""
    once = multi_scale_predictor(network, None)
    both = multi_scale_predictor(network, None, scales=(0.5, 1.0), flip=True)
    mirrored = np.ascontiguousarray(noise[:, ::-1])

    apart = (once(mirrored, (48, 64))[:, ::-1] != once(noise, (48, 64))).mean()
    together = (both(mirrored, (48, 64))[:, ::-1] != both(noise, (48, 64))).mean()

    assert apart > 0.01
    assert together < 0.001
