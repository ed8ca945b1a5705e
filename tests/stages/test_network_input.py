"""The network's picture: the right colours, the right way up, the right size."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from maskstream.stages.colour import ColourSpec, matrix_and_range, rgb_to_yuv
from maskstream.stages.network_input import network_picture, network_size

BLOCK = 32


def make_bars(
    rgb: NDArray[np.uint8], pix_fmt: str, colorspace: int, color_range: int
) -> av.VideoFrame:
    """Fill the planes of a picture with blocks of (rows, columns, 3) colours."""
    rows, columns, _ = rgb.shape
    picture = av.VideoFrame(columns * BLOCK, rows * BLOCK, pix_fmt)
    picture.colorspace, picture.color_range = colorspace, color_range
    depth = picture.format.components[0].bits
    codes = rgb_to_yuv(rgb, matrix_and_range(picture), depth)
    for plane, channel in zip(picture.planes, np.moveaxis(codes, -1, 0), strict=True):
        block_hw = plane.height // rows, plane.width // columns
        samples = np.kron(channel, np.ones(block_hw, np.uint16))
        kind = np.uint8 if depth == 8 else np.uint16
        row = np.zeros((plane.height, plane.line_size // kind(0).itemsize), kind)
        row[:, : plane.width] = samples
        plane.update(row.tobytes())
    return picture


def centres(pixels: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.int64]:
    """Take the pixel in the middle of each block."""
    height, width, _ = pixels.shape
    ys = (2 * np.arange(rows) + 1) * height // (2 * rows)
    xs = (2 * np.arange(columns) + 1) * width // (2 * columns)
    return np.asarray(pixels[ys][:, xs], np.int64)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le", "yuv444p"])
@pytest.mark.parametrize("colorspace", [1, 2, 5, 6, 7, 9])
@pytest.mark.parametrize("color_range", [0, 1, 2])
def test_colours_are_those_of_the_frames_own_matrix_and_range(
    rng: np.random.Generator, pix_fmt: str, colorspace: int, color_range: int
) -> None:
    """Any colour comes back to within 2 of 255, 8 bits or 10, subsampled or not."""
    rgb = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    bars = make_bars(rgb, pix_fmt, colorspace, color_range)

    pixels = network_picture(bars, 0, (64, 96))

    assert np.abs(centres(pixels, 4, 6) - rgb).max() <= 2


@pytest.mark.parametrize(
    "pix_fmt", ["rgb24", "gbrp", "bgra", "gray", "yuvj420p", "nv12", "p010le"]
)
def test_every_pixel_format_is_read(pix_fmt: str) -> None:
    """Grey survives any of them."""
    pixels = np.full((64, 96, 3), 90, np.uint8)
    pixels[:, 48:] = 200
    picture = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
        format=pix_fmt, src_color_range=ColorRange.JPEG
    )

    seen = network_picture(picture, 0, (32, 64)).astype(int)

    assert np.abs(seen[:, :28] - 90).max() <= 2
    assert np.abs(seen[:, 36:] - 200).max() <= 2


def test_a_palette_is_read() -> None:
    """As GIF and PNG have it."""
    picture = av.VideoFrame(32, 32, "pal8")
    indices, palette = picture.planes
    indices.update(bytes(indices.buffer_size))
    palette.update(bytes([30, 60, 200, 255]) * 256)  # blue, green, red, alpha

    assert network_picture(picture, 0, (32, 32))[16, 16].tolist() == [200, 60, 30]


def test_the_picture_is_not_changed() -> None:
    """Neither its samples nor its tags: it is still a reference of the decoder."""
    grey = ColourSpec(0.299, 0.114, is_full_range=False)
    picture = make_bars(np.full((2, 2, 3), 90, np.uint8), "yuv420p", 2, 0)
    before = [bytes(plane) for plane in picture.planes]

    network_picture(picture, 90, (32, 32))

    assert [bytes(plane) for plane in picture.planes] == before
    assert (picture.colorspace, picture.color_range) == (2, 0)
    assert matrix_and_range(picture) == grey


@pytest.mark.parametrize(
    ("rotation", "corner"),
    [(0, (0, 0)), (90, (-1, 0)), (180, (-1, -1)), (270, (0, -1))],
)
def test_the_picture_is_set_upright(rotation: int, corner: tuple[int, int]) -> None:
    """Turned counter-clockwise, the top left corner goes down the left side first."""
    pixels = np.zeros((64, 128, 3), np.uint8)
    pixels[:32, :64] = 255
    picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    size_hw = (32, 64) if rotation in (0, 180) else (64, 32)

    seen = network_picture(picture, rotation, size_hw)

    assert seen.shape == (*size_hw, 3)
    assert seen.flags.c_contiguous
    assert seen[corner].tolist() == [255, 255, 255]
    assert np.count_nonzero(seen[..., 0] > 128) == pytest.approx(seen[..., 0].size / 4)


def test_an_odd_picture_is_scaled(rng: np.random.Generator) -> None:
    """Its last row and column count."""
    noise = rng.integers(0, 256, (65, 97, 3), dtype=np.uint8)
    picture = av.VideoFrame.from_ndarray(noise, format="rgb24").reformat(
        format="yuv420p"
    )

    assert network_picture(picture, 0, (32, 64)).shape == (32, 64, 3)


def test_scaling_down_averages() -> None:
    """Fine stripes become grey, not other stripes."""
    pixels = np.zeros((128, 128, 3), np.uint8)
    pixels[:, ::2] = 255
    picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")

    seen = network_picture(picture, 0, (32, 32))

    assert np.abs(seen.astype(int) - 127).max() <= 3


@pytest.mark.parametrize(
    ("size_hw", "rotation", "expected"),
    [
        ((540, 960), 0, (288, 512)),
        ((540, 960), 90, (512, 288)),
        ((1080, 1920), 0, (288, 512)),
        ((360, 480), 180, (320, 448)),
        ((64, 96), 0, (64, 96)),
        ((9, 5), 0, (32, 32)),
    ],
)
def test_the_size_keeps_the_aspect_and_the_area(
    size_hw: tuple[int, int], rotation: int, expected: tuple[int, int]
) -> None:
    """Upright, in multiples of 32, and a small picture stays small."""
    assert network_size(*size_hw, rotation) == expected


def test_the_area_and_the_multiple_can_be_told() -> None:
    """Another network may want another size."""
    assert network_size(1080, 1920, area=1024 * 576, multiple=64) == (576, 1024)
