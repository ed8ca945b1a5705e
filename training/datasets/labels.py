"""Label files: what their pixels say, in the class ids of one table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from maskstream.models.classes import Colour
from maskstream.pipeline.errors import ConfigError

__all__ = [
    "MAX_CLASSES",
    "VOID",
    "ColourLabels",
    "IdLabels",
    "Labels",
    "NearestColourLabels",
    "Picture",
    "read_mask",
    "read_picture",
]

Picture = npt.NDArray[np.uint8]  # (H, W, 3) RGB
Labels = npt.NDArray[np.uint8]  # (H, W) class ids of a table, or VOID

VOID = 255  # the label of pixels of which nobody says what they are
_UNKNOWN = 254  # what no label file may say
MAX_CLASSES = _UNKNOWN
"""Of a data set whose labels are bytes."""

# Of CamVid's labels in Cityscapes' colours, 256x256 in JPEG of quality 75, at most 5 %
# of a picture lay farther than this from every colour; of its photos at least 17 %.
_FAR = 48.0
_MAX_FAR_SHARE = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class IdLabels:
    """Files of one 8-bit channel or with a palette, whose pixels are ids."""

    class_ids: npt.NDArray[np.uint8]  # (256,) by the id in the file

    @classmethod
    def of(cls, class_ids: Mapping[int, int], void: Collection[int]) -> IdLabels:
        """Say which class each id in a file means, and which ids mean none."""
        table = np.full(256, _UNKNOWN, np.uint8)
        table[list(class_ids)] = list(class_ids.values())
        table[list(void)] = VOID
        return cls(table)

    def __call__(self, path: Path) -> Labels:
        """Read the labels of one picture.

        Raises:
            ConfigError: if the file holds no ids, or one that is not known.
        """
        ids = read_mask(path)
        if ids.ndim != 2:
            raise ConfigError(
                f"{path}: class ids must be one channel of 8 bits, got a picture in "
                "colour as the other labels are not"
            )
        labels = self.class_ids[ids]
        unknown = labels == _UNKNOWN
        if unknown.any():
            known = np.flatnonzero(self.class_ids < _UNKNOWN)
            raise ConfigError(
                f"{path}: {unknown.sum()} pixels have id {ids[unknown][0]}, which no "
                f"class has; known are {known[0]} to {known[-1]}"
            )
        return labels


@dataclass(frozen=True, slots=True, eq=False)
class ColourLabels:
    """Files without loss, in which each class has a colour, or several."""

    codes: npt.NDArray[np.int64]  # (colours,) as 0xRRGGBB, rising
    class_ids: npt.NDArray[np.uint8]  # (colours,)

    @classmethod
    def of(cls, class_ids: Mapping[Colour, int]) -> ColourLabels:
        """Say which class each colour means; VOID for none."""
        order = sorted(class_ids)
        codes = _pack(np.array(order, np.uint8))
        return cls(codes, np.array([class_ids[colour] for colour in order], np.uint8))

    def __call__(self, path: Path) -> Labels:
        """Read the labels of one picture.

        Raises:
            ConfigError: if the file has no colours, or one that no class has.
        """
        pixels = _colours(path, read_mask(path))
        codes = _pack(pixels)  # (H, W)
        places = np.searchsorted(self.codes, codes).clip(max=len(self.codes) - 1)
        unknown = self.codes[places] != codes
        if unknown.any():
            raise ConfigError(
                f"{path}: {unknown.sum()} pixels have colour "
                f"{tuple(pixels[unknown][0].tolist())}, which no class has"
            )
        labels: Labels = self.class_ids[places]
        return labels


@dataclass(frozen=True, slots=True, eq=False)
class NearestColourLabels:
    """The right half of files with loss, picture and labels side by side."""

    colours: npt.NDArray[np.float32]  # (colours, 3)
    class_ids: npt.NDArray[np.uint8]  # (colours,)

    @classmethod
    def of(cls, class_ids: Mapping[Colour, int]) -> NearestColourLabels:
        """Say which class each colour means; VOID for none."""
        return cls(
            np.array(list(class_ids), np.float32),
            np.array(list(class_ids.values()), np.uint8),
        )

    def __call__(self, path: Path) -> Labels:
        """Read the labels of one picture, each pixel by the colour nearest to it.

        Raises:
            ConfigError: if too much of the half is far from every class colour.
        """
        both = read_picture(path)
        half = both[:, both.shape[1] // 2 :]
        pixels = half.reshape(-1, 3).astype(np.float32)  # (H*W, 3)
        # |p - c|^2 without |p|^2, which does not change the nearest
        away = (self.colours**2).sum(1) - 2 * pixels @ self.colours.T  # (H*W, colours)
        nearest = away.argmin(1)
        squares = (pixels**2).sum(1) + away.min(1)
        far = float((squares > _FAR**2).mean())
        if far > _MAX_FAR_SHARE:
            raise ConfigError(
                f"{path}: {far:.0%} of the right half is far from the colours of all "
                "classes; a picture and its labels side by side are wanted"
            )
        labels: Labels = self.class_ids[nearest].reshape(half.shape[:2])
        return labels


def read_picture(path: Path) -> Picture:
    """Read a picture as RGB, upright.

    Raises:
        ConfigError: if the file is none of 8 bits a channel, or is cut short.
    """
    try:
        # not OpenCV, which makes what is missing of a JPEG grey and goes on
        with Image.open(path) as image:
            if image.mode.startswith(("I", "F")):
                raise ConfigError(f"{path}: pictures must have 8 bits a channel")
            upright = ImageOps.exif_transpose(image)
            return np.array(upright.convert("RGB"), np.uint8)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        reason = "" if isinstance(error, UnidentifiedImageError) else f": {error}"
        raise ConfigError(
            f"{path}: this is not a picture that can be read{reason}"
        ) from error


def read_mask(path: Path) -> npt.NDArray[np.uint8]:
    """Read a label file as it is: (H, W) ids, of a palette too, or (H, W, 3) RGB.

    Raises:
        ConfigError: if the file is no picture, or not one of 8 bits.
    """
    try:
        # not OpenCV, which would apply the palette
        with Image.open(path, formats=("PNG",)) as image:
            if image.mode not in ("L", "P", "RGB", "RGBA"):
                raise ConfigError(f"{path}: labels must have 8 bits, got {image.mode}")
            pixels = np.array(image, np.uint8)
    except (OSError, SyntaxError) as error:
        raise ConfigError(f"{path}: this is not a PNG that can be read") from error
    return pixels[..., :3] if pixels.ndim == 3 else pixels  # without opacity


def _colours(path: Path, pixels: npt.NDArray[np.uint8]) -> Picture:
    if pixels.ndim != 3:
        raise ConfigError(f"{path}: colours are wanted, got one channel of ids")
    return pixels


def _pack(colours: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Write (..., 3) colours as (...) numbers 0xRRGGBB."""
    red, green, blue = np.moveaxis(colours.astype(np.int64), -1, 0)
    packed: npt.NDArray[np.int64] = red << 16 | green << 8 | blue
    return packed
