"""The overlay: the right codes in the planes, and none changed elsewhere."""

from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskstream.models.classes import CAMVID
from maskstream.pipeline.frame import Labels
from maskstream.stages.overlay import Overlay
from maskstream.stages.overlay_kernel import prepare_kernel
from maskstream.stages.planes import PlaneLayout, plane_samples
from tests.pictures import make_noise, read_planes

PLANAR = [
    "yuv420p",
    "yuvj420p",
    "yuv422p",
    "yuv444p",
    "yuv411p",
    "yuv410p",
    "yuv440p",
    "yuva420p",
    "gbrp",
    "gbrap",
    "yuv420p10le",
    "yuv422p10le",
    "yuv444p12le",
    "yuv420p16le",
    "gbrp10le",
]
ODD_HW = 37, 53
ROAD, CAR = CAMVID.index("road"), CAMVID.index("car")


@pytest.fixture(scope="module", autouse=True)
def _compiled_kernel() -> None:
    prepare_kernel()


def make_blobs(rng: np.random.Generator, height: int, width: int) -> Labels:
    """(H, W) class ids in blocks of five by five, so that borders fall everywhere."""
    small = rng.integers(0, 11, (height // 5 + 1, width // 5 + 1))
    blobs = np.kron(small, np.ones((5, 5), np.int64))[:height, :width]
    return np.ascontiguousarray(blobs.astype(np.uint8))


def paint(
    picture: av.VideoFrame,
    labels: Labels,
    *,
    alpha: float = 0.5,
    visible: frozenset[int] = frozenset(range(11)),
    contour_px: int = 0,
) -> list[NDArray[np.float64]]:
    """Paint a picture as a whole, and return its planes."""
    overlay = Overlay.of(
        CAMVID.colours,
        visible=visible,
        alpha=alpha,
        contour_px=contour_px,
        layout=PlaneLayout.of(picture),
    )
    overlay.blend(plane_samples(picture), labels)
    return read_planes(picture)


def expect(
    picture: av.VideoFrame, labels: Labels, alpha: float, visible: frozenset[int]
) -> list[NDArray[np.float64]]:
    """Work out in floats, sample by sample, what painting should give."""
    layout = PlaneLayout.of(picture)
    codes = layout.codes(np.array(CAMVID.colours, np.uint8)).astype(np.float64)
    planes = read_planes(picture)
    for number, plane in enumerate(planes):
        y_shift, x_shift = (layout.shift_h, layout.shift_w) if number else (0, 0)
        for y, x in np.ndindex(plane.shape):
            block = labels[
                y << y_shift : (y + 1) << y_shift, x << x_shift : (x + 1) << x_shift
            ]
            if visible.issuperset(block.flat):
                colour = codes[block, number].mean()
                plane[y, x] += alpha * (colour - plane[y, x])
    return planes


@pytest.mark.parametrize("pix_fmt", PLANAR)
def test_every_sample_is_blended_in_its_own_plane(
    rng: np.random.Generator, pix_fmt: str
) -> None:
    """In any planar format, of odd size, each code is within one of the exact blend."""
    picture = make_noise(rng, pix_fmt, ODD_HW)
    labels = make_blobs(rng, *ODD_HW)
    visible = frozenset(range(11)) - {ROAD}
    expected = expect(picture, labels, 0.4, visible)

    painted = paint(picture, labels, alpha=0.4, visible=visible)

    tolerance = 1 + 2 ** (picture.format.components[0].bits - 16)
    for got, want in zip(painted, expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=tolerance)


@pytest.mark.parametrize("pix_fmt", PLANAR)
def test_what_is_not_painted_stays_bit_exact(
    rng: np.random.Generator, pix_fmt: str
) -> None:
    """A chroma sample changes only where all the pixels that share it are painted."""
    picture = make_noise(rng, pix_fmt, ODD_HW)
    labels = make_blobs(rng, *ODD_HW)
    before = read_planes(picture)
    untouched = expect(picture, labels, 1.0, frozenset({ROAD}))
    untouched = [want == was for want, was in zip(untouched, before, strict=True)]

    painted = paint(picture, labels, alpha=0.5, visible=frozenset({ROAD}))

    for got, was, same in zip(painted, before, untouched, strict=True):
        np.testing.assert_array_equal(got[same], was[same])
        assert (got != was).any()


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(1, 20),
    width=st.integers(1, 40),
    pix_fmt=st.sampled_from(["yuv420p", "yuv410p", "yuv422p10le", "gbrp"]),
    alpha=st.floats(0, 1),
    visible=st.frozensets(st.integers(0, 10)),
)
def test_any_labels_on_any_size_give_the_exact_blend(
    seed: int,
    height: int,
    width: int,
    pix_fmt: str,
    alpha: float,
    visible: frozenset[int],
) -> None:
    """Down to one pixel, with runs of every length and whatever classes are hidden."""
    rng = np.random.default_rng(seed)
    picture = make_noise(rng, pix_fmt, (height, width))
    labels = make_blobs(rng, height, width)
    expected = expect(picture, labels, alpha, visible)

    painted = paint(picture, labels, alpha=alpha, visible=visible)

    for got, want in zip(painted, expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=1.01)


def test_alpha_zero_changes_nothing(rng: np.random.Generator) -> None:
    """The picture is shown as it was."""
    picture = make_noise(rng, "yuv420p", ODD_HW)
    before = read_planes(picture)

    painted = paint(picture, make_blobs(rng, *ODD_HW), alpha=0.0)

    for got, was in zip(painted, before, strict=True):
        np.testing.assert_array_equal(got, was)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le", "gbrp", "yuv444p16le"])
def test_alpha_one_shows_the_class_colour_alone(
    rng: np.random.Generator, pix_fmt: str
) -> None:
    """Every sample is the colour's own code, whatever was there."""
    picture = make_noise(rng, pix_fmt, ODD_HW)
    colour = PlaneLayout.of(picture).codes(np.array(CAMVID.colours[CAR], np.uint8))

    painted = paint(picture, np.full(ODD_HW, CAR, np.uint8), alpha=1.0)

    assert [np.unique(plane).tolist() for plane in painted] == [[c] for c in colour]


def test_an_unknown_class_is_left_unpainted(rng: np.random.Generator) -> None:
    """A label beyond the table, such as 255 for void, changes nothing."""
    picture = make_noise(rng, "yuv420p", ODD_HW)
    before = read_planes(picture)

    painted = paint(picture, np.full(ODD_HW, 255, np.uint8), contour_px=1)

    for got, was in zip(painted, before, strict=True):
        np.testing.assert_array_equal(got, was)


@pytest.mark.parametrize("contour_px", [1, 3])
def test_a_contour_runs_along_both_sides_of_a_border(
    rng: np.random.Generator, contour_px: int
) -> None:
    """It is as wide as asked on each side, each side in its own class colour."""
    picture = make_noise(rng, "yuv444p", (20, 30))
    labels = np.full((20, 30), ROAD, np.uint8)
    labels[:, 15:] = CAR
    codes = PlaneLayout.of(picture).codes(np.array(CAMVID.colours, np.uint8))
    before = read_planes(picture)

    painted = paint(picture, labels, alpha=0.0, contour_px=contour_px)

    for plane, was, colour in zip(painted, before, codes.T, strict=True):
        assert (plane[:, 15 - contour_px : 15] == colour[ROAD]).all()
        assert (plane[:, 15 : 15 + contour_px] == colour[CAR]).all()
        np.testing.assert_array_equal(
            plane[:, : 15 - contour_px], was[:, : 15 - contour_px]
        )
        np.testing.assert_array_equal(
            plane[:, 15 + contour_px :], was[:, 15 + contour_px :]
        )


def test_a_contour_is_drawn_on_rows_as_on_columns(rng: np.random.Generator) -> None:
    """Painting the turned picture is turning the painted one."""
    labels = make_blobs(rng, 24, 36)
    picture = make_noise(rng, "yuv444p", (24, 36))
    turned = av.VideoFrame(24, 36, "yuv444p")
    for samples, turned_samples in zip(
        read_planes(picture), plane_samples(turned), strict=True
    ):
        turned_samples[:, :24] = samples.T.astype(np.uint8)

    painted = paint(picture, labels, contour_px=2)
    painted_turned = paint(turned, np.ascontiguousarray(labels.T), contour_px=2)

    for plane, turned_plane in zip(painted, painted_turned, strict=True):
        np.testing.assert_array_equal(plane, turned_plane.T)


def test_hidden_classes_get_no_contour(rng: np.random.Generator) -> None:
    """A border between a visible and a hidden class is drawn on the visible side."""
    picture = make_noise(rng, "yuv444p", (20, 30))
    labels = np.full((20, 30), ROAD, np.uint8)
    labels[:, 15:] = CAR
    before = read_planes(picture)

    painted = paint(picture, labels, visible=frozenset({CAR}), contour_px=2)

    for plane, was in zip(painted, before, strict=True):
        np.testing.assert_array_equal(plane[:, :15], was[:, :15])
        assert (plane[:, 15:17].std(axis=0) == 0).all()
