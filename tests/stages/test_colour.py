"""Colour: what tags say, and what holds without them."""

from __future__ import annotations

import av
import numpy as np
import pytest

from maskstream.stages.colour import ColourSpec, matrix_and_range, rgb_to_yuv

BT601 = ColourSpec(0.299, 0.114, is_full_range=False)
BT709 = ColourSpec(0.2126, 0.0722, is_full_range=False)


def picture(
    pix_fmt: str = "yuv420p",
    height: int = 480,
    colorspace: int = 2,
    color_range: int = 0,
) -> av.VideoFrame:
    """Make a picture with tags; 2 and 0 are those for unspecified."""
    frame = av.VideoFrame(64, height, pix_fmt)
    frame.colorspace = colorspace
    frame.color_range = color_range
    return frame


@pytest.mark.parametrize(
    ("colorspace", "kr", "kb"),
    [
        (1, 0.2126, 0.0722),
        (5, 0.299, 0.114),
        (6, 0.299, 0.114),
        (7, 0.212, 0.087),
        (9, 0.2627, 0.0593),
    ],
)
def test_the_matrix_is_what_the_tag_says(colorspace: int, kr: float, kb: float) -> None:
    """Whatever the size of the picture."""
    spec = matrix_and_range(picture(colorspace=colorspace, height=1080))

    assert (spec.kr, spec.kb) == (kr, kb)


@pytest.mark.parametrize(("height", "spec"), [(576, BT601), (720, BT709)])
def test_without_a_tag_the_size_tells_the_matrix(height: int, spec: ColourSpec) -> None:
    """As players have it."""
    assert matrix_and_range(picture(height=height)) == spec


@pytest.mark.parametrize(
    ("pix_fmt", "color_range", "is_full_range"),
    [
        ("yuv420p", 0, False),
        ("yuv420p", 1, False),
        ("yuv420p", 2, True),
        ("yuvj420p", 0, True),
        ("gray", 0, True),
        ("gray", 1, False),
        ("rgb24", 0, True),
        ("pal8", 0, True),
        ("monow", 0, True),
        ("ya8", 0, True),
    ],
)
def test_the_range_is_what_tag_or_format_says(
    pix_fmt: str, color_range: int, is_full_range: bool
) -> None:
    """Without either, YUV is limited and the rest is full."""
    spec = matrix_and_range(picture(pix_fmt, color_range=color_range))

    assert spec.is_full_range == is_full_range


def test_colours_are_converted_as_the_standards_say() -> None:
    """Black, white and 75 % bars of BT.601 and BT.709, 8 bits and 10."""
    colours = np.array(
        [[0, 0, 0], [255, 255, 255], [191, 191, 0], [0, 0, 191]], np.uint8
    )

    bars_601 = [[16, 128, 128], [235, 128, 128], [161, 44, 142], [35, 212, 114]]
    bars_709 = [[16, 128, 128], [235, 128, 128], [168, 44, 136], [28, 212, 120]]
    assert rgb_to_yuv(colours, BT601).tolist() == bars_601
    assert rgb_to_yuv(colours, BT709).tolist() == bars_709
    assert rgb_to_yuv(colours[:2], BT709, bit_depth=10).tolist() == [
        [64, 512, 512],
        [940, 512, 512],
    ]


def test_full_range_uses_every_code() -> None:
    """From nothing to the largest."""
    spec = ColourSpec(0.299, 0.114, is_full_range=True)
    colours = np.array([[0, 0, 0], [255, 255, 255], [255, 0, 0]], np.uint8)

    codes = rgb_to_yuv(colours, spec)

    assert codes.tolist() == [[0, 128, 128], [255, 128, 128], [76, 85, 255]]
