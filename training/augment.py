"""Make one labelled picture into many: other sizes, places, cameras and weathers."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torchvision import tv_tensors
from torchvision.transforms import v2

from maskstream.training.dataset import Labels, Picture
from maskstream.training.transforms import (
    ColourCast,
    Compression,
    Haze,
    Night,
    Rain,
    RandomStretch,
)

IGNORE = 255  # the label of pixels that teach nothing

# ImageNet's mean colour: networks see it as zero, like the border of a convolution.
_MEAN_RGB = (124, 116, 104)


Side = Annotated[int, Field(ge=32)]  # the coarsest stride


class AugmentConfig(BaseModel):
    """How far training pictures may stray from those of the data set."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    crop_hw: tuple[Side, Side] = Field(
        (352, 448),
        description="Height and width of the crops; nearly CamVid's whole width, for "
        "a network that sees parts of streets only mistakes walls for roads.",
    )
    min_scale: float = Field(
        0.6,
        gt=0,
        le=10,
        description="Smallest scale; a crop then shows the whole picture.",
    )
    max_scale: float = Field(
        1.8,
        gt=0,
        le=10,
        description="Largest scale; poles and signs are rare and thin.",
    )
    max_stretch: float = Field(
        1.35,
        ge=1,
        le=10,
        description="Of width against height; lenses differ in aspect.",
    )
    tilt: float = Field(
        0.3, ge=0, le=1, description="Chance of a rolled or shorn picture."
    )
    perspective: float = Field(
        0.3, ge=0, le=1, description="Chance of another camera angle."
    )
    colour: float = Field(
        0.8,
        ge=0,
        le=1,
        description="Chance of another exposure, contrast, saturation and hue, and of "
        "another white balance.",
    )
    blur: float = Field(0.2, ge=0, le=1, description="Chance of a soft lens.")
    noise: float = Field(0.2, ge=0, le=1, description="Chance of sensor noise.")
    jpeg: float = Field(0.2, ge=0, le=1, description="Chance of hard compression.")
    night: float = Field(0.1, ge=0, le=1, description="Chance of darkness.")
    rain: float = Field(0.05, ge=0, le=1, description="Chance of rain.")
    haze: float = Field(0.1, ge=0, le=1, description="Chance of mist or low sun.")

    @model_validator(mode="after")
    def _check_scales(self) -> AugmentConfig:
        if self.min_scale > self.max_scale:
            raise ValueError(
                f"min_scale must be at most max_scale, {self.max_scale:g}, "
                f"got {self.min_scale:g}"
            )
        return self


class Augmentation:
    """Draws training crops; one generator state always draws the same one."""

    def __init__(self, config: AugmentConfig) -> None:
        fill = {tv_tensors.Image: _MEAN_RGB, tv_tensors.Mask: IGNORE}
        bilinear = v2.InterpolationMode.BILINEAR
        self._transform = v2.Compose(
            [
                RandomStretch(config.min_scale, config.max_scale, config.max_stretch),
                v2.RandomCrop(list(config.crop_hw), pad_if_needed=True, fill=fill),
                v2.RandomHorizontalFlip(),
                _maybe(
                    v2.RandomAffine(6, shear=8, interpolation=bilinear, fill=fill),
                    config.tilt,
                ),
                v2.RandomPerspective(0.25, config.perspective, fill=fill),
                _maybe(Compression(), config.jpeg),
                v2.ToDtype(torch.float32, scale=True),
                _maybe(v2.ColorJitter(0.4, 0.4, 0.5, 0.06), config.colour),
                _maybe(ColourCast(1.25), config.colour),
                _maybe(v2.GaussianBlur(7, (0.3, 2.0)), config.blur),
                _maybe(Haze(), config.haze),
                _maybe(Rain(), config.rain),
                _maybe(Night(), config.night),
                _maybe(v2.GaussianNoise(sigma=0.04), config.noise),
                v2.ToDtype(torch.uint8, scale=True),
            ]
        )

    def __call__(
        self, picture: Picture, labels: Labels, rng: np.random.Generator
    ) -> tuple[Picture, Labels]:
        """Draw one picture of ``crop_hw`` with its labels, IGNORE where it has none.

        Args:
            picture: (H, W, 3) RGB.
            labels: (H, W) class ids.
            rng: every chance is drawn from it.
        """
        pixels = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)
        image = tv_tensors.Image(pixels)
        mask = tv_tensors.Mask(torch.from_numpy(np.ascontiguousarray(labels)))
        with torch.random.fork_rng(devices=[]):  # transforms know torch's own alone
            torch.manual_seed(int(rng.integers(2**62)))
            image, mask = self._transform(image, mask)
        return image.permute(1, 2, 0).numpy(), mask.numpy()


def _maybe(transform: v2.Transform, chance: float) -> v2.Transform:
    return v2.RandomApply([transform], chance)
