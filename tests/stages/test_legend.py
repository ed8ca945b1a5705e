"""The legend and the status line: readable, in their corner, the right way up."""

from __future__ import annotations

import av
import numpy as np
import pytest

from maskstream.models.classes import CAMVID
from maskstream.stages.legend import PanelImage, draw_legend, draw_status
from maskstream.stages.panel import Corner, Panel
from maskstream.stages.planes import PlaneLayout, plane_samples
from tests.pictures import make_noise, read_planes

SIZES_HW = [(272, 640), (540, 960), (960, 540), (720, 1280), (2160, 3840)]
RGB = PlaneLayout(shift_w=0, shift_h=0, bit_depth=8, colour=None)


def opaque_colours(image: PanelImage) -> set[tuple[int, ...]]:
    """Find the red, green and blue of all that lets nothing through."""
    opaque = image[:3, image[3] == 1].astype(int)  # (3, n) green, blue, red
    return {(r, g, b) for g, b, r in opaque.T.tolist()}


@pytest.mark.parametrize("size_hw", SIZES_HW)
def test_the_legend_shows_each_colour_and_hides_little(
    size_hw: tuple[int, int],
) -> None:
    """Every class has a chip of its colour, on less than a tenth of the picture."""
    image = draw_legend(CAMVID.names, CAMVID.colours, size_hw, RGB)

    assert image is not None
    assert set(CAMVID.colours) <= opaque_colours(image)
    assert image[0].size < 0.1 * size_hw[0] * size_hw[1]


@pytest.mark.parametrize("size_hw", [(64, 96), (20, 30), (1, 1)])
def test_a_picture_too_small_for_a_legend_has_none(size_hw: tuple[int, int]) -> None:
    """What would hide the scene is left out."""
    assert draw_legend(CAMVID.names, CAMVID.colours, size_hw, RGB) is None


def test_more_classes_than_fit_have_no_legend() -> None:
    """Nor is there one of none at all."""
    names = [f"class number {index}" for index in range(150)]

    assert draw_legend(names, [(9, 9, 9)] * 150, (540, 960), RGB) is None
    assert draw_legend([], [], (540, 960), RGB) is None


def test_text_stands_out_from_its_ground() -> None:
    """White letters reach full strength on a ground that lets the scene through."""
    image = draw_status("00:01:02.345", "25.0 fps", (540, 960), RGB)

    assert (255, 255, 255) in opaque_colours(image)
    assert 0.5 < np.median(image[3]) < 0.7


def test_the_status_line_keeps_its_size_as_the_numbers_change() -> None:
    """Nothing jumps from one frame to the next."""
    lines = [("00:00:00.000", ""), ("11:11:11.111", "1.1 fps"), ("08:08:08.888", "x")]

    images = [draw_status(*line, (540, 960), RGB) for line in lines]

    assert len({image.shape for image in images}) == 1


@pytest.mark.parametrize("corner", Corner)
@pytest.mark.parametrize("pix_fmt", ["yuv444p", "yuv420p10le", "yuv410p"])
def test_a_panel_touches_nothing_around_it(
    rng: np.random.Generator, corner: Corner, pix_fmt: str
) -> None:
    """Exactly its rectangle is painted, in every plane, on a picture of odd size."""
    picture = make_noise(rng, pix_fmt, (203, 301))
    layout = PlaneLayout.of(picture)
    before = read_planes(picture)
    image = np.ones((4, 40, 60), np.float32)

    panel = Panel.of(image, corner, (203, 301), 0, layout)
    assert panel is not None
    panel.blend(plane_samples(picture))

    for got, was, (rows, columns), shifts in zip(
        read_planes(picture),
        before,
        (place for place, _, _ in panel.parts),
        [(0, 0), *[(layout.shift_h, layout.shift_w)] * 2],
        strict=True,
    ):
        assert got[rows, columns].shape == (40 >> shifts[0], 60 >> shifts[1])
        assert (got[rows, columns] == 1).all()
        got[rows, columns] = was[rows, columns]
        np.testing.assert_array_equal(got, was)


@pytest.mark.parametrize("corner", Corner)
@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_panel_is_upright_on_a_rotated_video(
    rng: np.random.Generator, corner: Corner, rotation: int
) -> None:
    """The stored picture, painted and then turned, is the upright picture painted."""
    height, width = 272, 640
    image = draw_status("00:01:02.345", "25.0 fps", (height, width), RGB)
    upright = make_noise(rng, "gbrp", (height, width))
    turns = rotation // 90
    stored_hw = np.rot90(np.empty((height, width)), -turns).shape
    stored = av.VideoFrame(stored_hw[1], stored_hw[0], "gbrp")
    for samples, plane in zip(plane_samples(stored), read_planes(upright), strict=True):
        samples[:, : stored.width] = np.rot90(plane, -turns)

    for picture, degrees in ((upright, 0), (stored, rotation)):
        panel = Panel.of(image, corner, (picture.height, picture.width), degrees, RGB)
        assert panel is not None
        panel.blend(plane_samples(picture))

    for plane, turned in zip(read_planes(upright), read_planes(stored), strict=True):
        np.testing.assert_array_equal(plane, np.rot90(turned, turns))


def test_a_panel_larger_than_the_picture_is_left_out() -> None:
    """A picture of a few pixels stays free."""
    image = np.ones((4, 40, 60), np.float32)

    assert Panel.of(image, Corner.TOP_LEFT, (39, 100), 0, RGB) is None
    assert Panel.of(image, Corner.TOP_LEFT, (100, 60), 0, RGB) is None


@pytest.mark.parametrize("pix_fmt", ["yuvj420p", "yuv444p16le"])
@pytest.mark.parametrize("opacity", np.linspace(0, 1, 7).tolist())
def test_the_brightest_codes_do_not_wrap_round(pix_fmt: str, opacity: float) -> None:
    """White on white stays white, whatever the opacity."""
    picture = av.VideoFrame(64, 64, pix_fmt)
    peak = 2 ** picture.format.components[0].bits - 1
    for samples in plane_samples(picture):
        samples[:] = peak
    image = np.full((4, 16, 16), peak, np.float32)
    image[3] = opacity

    panel = Panel.of(image, Corner.TOP_LEFT, (64, 64), 0, PlaneLayout.of(picture))
    assert panel is not None
    panel.blend(plane_samples(picture))

    for plane in read_planes(picture):
        assert plane.min() >= peak - 1
