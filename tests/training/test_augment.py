from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision import tv_tensors

from maskstream.training.augment import IGNORE, Augmentation, AugmentConfig
from maskstream.training.transforms import ColourCast, Compression, Haze, Night, Rain

# Place and size alone, where a test looks at pixels.
_STILL = dict.fromkeys(
    ["tilt", "perspective", "colour", "blur", "noise", "jpeg", "night", "rain", "haze"],
    0.0,
)


def test_crops_have_one_size_whatever_the_picture() -> None:
    """Pictures smaller than the crop are extended, and what is added is ignored."""
    augment = Augmentation(
        AugmentConfig(crop_hw=(96, 128), min_scale=0.5, max_scale=0.6, **_STILL)
    )
    picture = np.full((60, 400, 3), 128, np.uint8)
    labels = np.full((60, 400), 3, np.uint8)

    cropped, crop_labels = augment(picture, labels, np.random.default_rng(0))

    assert cropped.shape == (96, 128, 3)
    assert crop_labels.shape == (96, 128)
    assert set(np.unique(crop_labels)) == {3, IGNORE}


def test_labels_stay_on_their_pixels() -> None:
    """Whatever moves a picture moves its labels alike."""
    geometry = {**_STILL, "tilt": 1.0, "perspective": 1.0}
    augment = Augmentation(AugmentConfig(crop_hw=(160, 160), **geometry))
    labels = np.zeros((100, 100), np.uint8)
    labels[30:70, 50:90] = 1
    picture = np.repeat(labels[..., None] * np.uint8(200), 3, axis=2)
    rng = np.random.default_rng(0)

    for _ in range(20):
        cropped, crop_labels = augment(picture, labels, rng)
        known = crop_labels != IGNORE
        agree = (cropped.mean(axis=2) > 100) == (crop_labels == 1)

        assert agree[known].mean() > 0.97


def test_one_seed_draws_one_series() -> None:
    """Runs can be repeated, and the caller's own chances stay as they were."""
    augment = Augmentation(AugmentConfig(crop_hw=(32, 32)))
    rng = np.random.default_rng(5)
    picture = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    labels = rng.integers(0, 4, (40, 50)).astype(np.uint8)
    before = torch.get_rng_state()

    first = augment(picture, labels, np.random.default_rng(7))
    second = augment(picture, labels, np.random.default_rng(7))

    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("weather", [ColourCast(1.3), Haze(), Night(), Rain()])
def test_weather_changes_the_picture_and_not_its_labels(
    weather: torch.nn.Module,
) -> None:
    """Colours stay between black and white, and names keep their places."""
    torch.manual_seed(0)
    image = tv_tensors.Image(torch.rand(3, 64, 96))
    labels = tv_tensors.Mask(torch.randint(0, 11, (64, 96), dtype=torch.uint8))

    changed, same = weather(image, labels)

    assert changed.shape == image.shape
    assert not torch.allclose(changed, image, atol=1e-3)
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert torch.equal(same, labels)


def test_compression_keeps_the_picture_and_its_colours() -> None:
    """What JPEG loses is small, and red stays red."""
    red = torch.zeros(3, 32, 48, dtype=torch.uint8)
    red[0] = 200

    lossy = Compression()(tv_tensors.Image(red))

    assert lossy.dtype == torch.uint8
    assert (lossy.float() - red).abs().max() < 12


def test_night_is_dark() -> None:
    """A night picture keeps less than half of the light."""
    torch.manual_seed(0)
    image = tv_tensors.Image(torch.full((3, 64, 96), 0.5))

    assert Night()(image).mean() < 0.25
