from __future__ import annotations

import numpy as np

from maskstream.training.augment import IGNORE, Augmentation


def test_crops_have_one_size_whatever_the_picture() -> None:
    """Pictures smaller than the crop are extended, and what is added is ignored."""
    augment = Augmentation(crop=96, min_scale=0.5, max_scale=0.6)
    picture = np.full((60, 200, 3), 128, np.uint8)
    labels = np.full((60, 200), 3, np.uint8)

    cropped, crop_labels = augment(picture, labels, np.random.default_rng(0))

    assert cropped.shape == (96, 96, 3)
    assert crop_labels.shape == (96, 96)
    assert set(np.unique(crop_labels)) == {3, IGNORE}
    assert (crop_labels[-1] == IGNORE).all()


def test_labels_stay_on_their_pixels() -> None:
    """Scale, place and mirror move a picture and its labels alike."""
    augment = Augmentation(
        crop=160, min_scale=0.8, max_scale=1.3
    )  # holds the whole picture
    labels = np.zeros((100, 100), np.uint8)
    labels[30:70, 50:90] = 1
    picture = np.repeat(labels[..., None] * np.uint8(200), 3, axis=2)
    rng = np.random.default_rng(0)

    for _ in range(20):
        cropped, crop_labels = augment(picture, labels, rng)
        brightness = cropped.mean(axis=2)
        threshold = (brightness[0, 0] + brightness[crop_labels == 1].mean()) / 2
        known = crop_labels != IGNORE

        assert ((brightness > threshold) == (crop_labels == 1))[known].mean() > 0.98


def test_one_seed_draws_one_series() -> None:
    """Runs can be repeated."""
    augment = Augmentation(crop=32, min_scale=0.6, max_scale=1.8)
    rng = np.random.default_rng(5)
    picture = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    labels = rng.integers(0, 4, (40, 50)).astype(np.uint8)

    first = augment(picture, labels, np.random.default_rng(7))
    second = augment(picture, labels, np.random.default_rng(7))

    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
