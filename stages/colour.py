"""What the numbers in a picture's planes mean: its matrix and its range.

Pictures say it themselves, by their tags; where they do not, the customs of players
hold: bt709 from 720 rows on, bt601 below.
"""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from maskstream.models.kernels.colour import ColourSpec
from maskstream.stages.device_picture import pixel_format

__all__ = ["ColourSpec", "matrix_and_range", "rgb_to_yuv", "swscale_colour"]

# FFmpeg's numbers of the matrices (AVColorSpace, libavutil/pixfmt.h).
BT709, UNSPECIFIED, FCC, BT470BG, SMPTE170M, SMPTE240M, BT2020_NCL = 1, 2, 4, 5, 6, 7, 9

_WEIGHTS = {
    BT709: (0.2126, 0.0722),  # ITU-R BT.709-6, item 3.2
    FCC: (0.30, 0.11),  # 47 CFR 73.682 (a)(20)
    BT470BG: (0.299, 0.114),  # ITU-R BT.601-7, section 2.5.1
    SMPTE170M: (0.299, 0.114),  # same
    SMPTE240M: (0.212, 0.087),  # SMPTE 240M-1999
    BT2020_NCL: (0.2627, 0.0593),  # ITU-R BT.2020-2, table 4
}
_SWSCALE = {
    BT709: Colorspace.ITU709,
    FCC: Colorspace.FCC,
    BT470BG: Colorspace.ITU601,
    SMPTE170M: Colorspace.ITU601,
    SMPTE240M: Colorspace.SMPTE240M,
    BT2020_NCL: Colorspace.BT2020,
}
_HD_ROWS = 720


def matrix_and_range(picture: av.VideoFrame) -> ColourSpec:
    """Tell how the planes of ``picture`` encode colour, by its tags or by custom."""
    return ColourSpec(*_WEIGHTS[_matrix(picture)], _is_full_range(picture))


def swscale_colour(picture: av.VideoFrame) -> tuple[Colorspace, ColorRange]:
    """Tell the same in swscale's words, which it needs for a picture without tags."""
    color_range = ColorRange.JPEG if _is_full_range(picture) else ColorRange.MPEG
    return _SWSCALE[_matrix(picture)], color_range


def rgb_to_yuv(
    rgb: NDArray[np.uint8], spec: ColourSpec, bit_depth: int = 8
) -> NDArray[np.uint16]:
    """Convert colours to the codes that planes of ``bit_depth`` bits hold for them.

    Args:
        rgb: (..., 3) red, green, blue.
        spec: The matrix and range of the planes.
        bit_depth: Bits of a code, 8 to 16.

    Returns:
        (..., 3) Y, U, V, as ITU-R BT.2100-2 table 9 quantises them.
    """
    red, green, blue = np.moveaxis(rgb / 255.0, -1, 0)
    luma = spec.kr * red + (1 - spec.kr - spec.kb) * green + spec.kb * blue
    chroma_blue = (blue - luma) / (2 * (1 - spec.kb))
    chroma_red = (red - luma) / (2 * (1 - spec.kr))
    peak = 2**bit_depth - 1
    step = 2 ** (bit_depth - 8)
    luma_scale, luma_zero, chroma_scale = (
        (peak, 0, peak) if spec.is_full_range else (219 * step, 16 * step, 224 * step)
    )
    codes = np.stack(
        [
            luma * luma_scale + luma_zero,
            chroma_blue * chroma_scale + 128 * step,
            chroma_red * chroma_scale + 128 * step,
        ],
        axis=-1,
    )
    return np.asarray(np.clip(np.rint(codes), 0, peak), np.uint16)


def _matrix(picture: av.VideoFrame) -> int:
    if picture.colorspace in _WEIGHTS:
        return picture.colorspace
    return BT709 if picture.height >= _HD_ROWS else SMPTE170M


def _is_full_range(picture: av.VideoFrame) -> bool:
    fmt = pixel_format(picture)
    if fmt.name.startswith("yuvj") or fmt.is_rgb:
        return True
    if picture.color_range in (ColorRange.MPEG, ColorRange.JPEG):
        return picture.color_range == ColorRange.JPEG
    return len(fmt.components) < 3  # grey and palettes, as swscale has it
