"""Make one labelled picture into many: other sizes, places, cameras and weathers."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from maskstream.training.dataset import Labels, Picture

IGNORE = 255  # the label of pixels that teach nothing

# ImageNet's mean colour: networks see it as zero, like the border of a convolution.
_MEAN_RGB = (124, 116, 104)


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random crops of random scale, mirrored, softened and recoloured.

    The colours reach far beyond one camera's, so that a network trained on one car's
    drives reads other cars' pictures.
    """

    crop: int
    min_scale: float
    max_scale: float

    def __call__(
        self, picture: Picture, labels: Labels, rng: np.random.Generator
    ) -> tuple[Picture, Labels]:
        """Draw one (crop, crop, 3) picture with its (crop, crop) labels."""
        picture, labels = self._rescale(picture, labels, rng)
        picture, labels = self._crop(picture, labels, rng)
        if rng.random() < 0.5:
            picture, labels = picture[:, ::-1], labels[:, ::-1]
        picture = _recolour(_blur(picture, rng), rng)
        return _pad(picture, self.crop, _MEAN_RGB), _pad(labels, self.crop, IGNORE)

    def _rescale(
        self, picture: Picture, labels: Labels, rng: np.random.Generator
    ) -> tuple[Picture, Labels]:
        scale = np.exp(rng.uniform(np.log(self.min_scale), np.log(self.max_scale)))
        stretch = np.exp(rng.uniform(-0.15, 0.15))  # cameras differ in aspect
        height = round(labels.shape[0] * scale / stretch)
        width = round(labels.shape[1] * scale * stretch)
        smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        # nearest, not bilinear: labels are names, not quantities
        nearest = cv2.INTER_NEAREST_EXACT
        return (
            np.asarray(cv2.resize(picture, (width, height), interpolation=smooth)),
            np.asarray(cv2.resize(labels, (width, height), interpolation=nearest)),
        )

    def _crop(
        self, picture: Picture, labels: Labels, rng: np.random.Generator
    ) -> tuple[Picture, Labels]:
        height, width = labels.shape
        top = rng.integers(max(0, height - self.crop) + 1)
        left = rng.integers(max(0, width - self.crop) + 1)
        window = np.s_[top : top + self.crop, left : left + self.crop]
        return picture[window], labels[window]


def _pad(pixels: Picture, side: int, value: int | tuple[int, int, int]) -> Picture:
    """Extend a crop below and to the right, where the picture was too small for it."""
    below, right = side - pixels.shape[0], side - pixels.shape[1]
    padded = cv2.copyMakeBorder(
        pixels, 0, below, 0, right, cv2.BORDER_CONSTANT, value=value
    )
    return np.asarray(padded)


def _blur(picture: Picture, rng: np.random.Generator) -> Picture:
    """Soften one picture in five, as cheap lenses and hard compression do."""
    if rng.random() >= 0.2:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.5)))


def _recolour(picture: Picture, rng: np.random.Generator) -> Picture:
    """Change brightness, white balance, contrast, gamma, saturation and hue."""
    gains = rng.uniform(0.6, 1.4) * rng.uniform(0.9, 1.1, 3)  # of R, G and B
    gamma = np.exp(rng.uniform(-0.3, 0.3))
    levels = np.linspace(0, 1, 256)[:, None] ** gamma * gains  # (256, 3)
    levels = (levels - 0.5) * rng.uniform(0.6, 1.4) + 0.5
    picture = _look_up(picture, levels * 255)

    hsv: Picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2HSV))
    values = np.arange(256.0)
    hue = (values + rng.integers(-12, 13)) % 180  # OpenCV counts in steps of 2 degrees
    saturation = values * rng.uniform(0.3, 1.6)
    curves = np.stack([hue, saturation, values], axis=-1, dtype=np.float64)
    hsv = _look_up(hsv, curves)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))


def _look_up(picture: Picture, curves: npt.NDArray[np.float64]) -> Picture:
    """Replace each channel's value by its place on a (256, 3) curve."""
    table = curves.clip(0, 255).astype(np.uint8)[None]  # (1, 256, 3)
    return np.asarray(cv2.LUT(np.ascontiguousarray(picture), table))
