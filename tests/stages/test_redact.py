"""What is hidden is gone, wherever it may be; all else is bit-exact."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskstream.models.classes import CAMVID
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.frame import Labels
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.planes import PlaneLayout, plane_samples
from maskstream.stages.redact import Redactor
from maskstream.stages.redact_kernel import prepare_redaction
from tests.pictures import make_noise, make_segmentation, read_planes
from tests.redacting import HW, PERSON, ROAD, empty, person, redact

FORMATS = [
    "yuv420p",
    "yuvj420p",
    "yuv422p",
    "yuv444p",
    "yuv411p",
    "yuv410p",
    "yuv440p",
    "yuva420p",
    "gbrp",
    "yuv420p10le",
    "yuv422p10le",
    "yuv420p16le",
    "gbrp10le",
]
CELL = 16  # the least that there is


@pytest.fixture(scope="module", autouse=True)
def _compiled_kernel() -> None:
    prepare_redaction()


def hidden_samples(
    labels: Labels, layout: PlaneLayout, number: int, shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Tell the samples of a plane whose block of 8 by 8 pixels shows a person."""
    shift_h, shift_w = (layout.shift_h, layout.shift_w) if number else (0, 0)
    hidden = np.zeros(shape, np.bool_)
    for y, x in np.argwhere(labels == PERSON):
        top, left = y // 8 * 8 >> shift_h, x // 8 * 8 >> shift_w
        hidden[top : top + (8 >> shift_h), left : left + (8 >> shift_w)] = True
    return hidden


@pytest.mark.parametrize("is_filled", [False, True])
@pytest.mark.parametrize("pix_fmt", FORMATS)
def test_hidden_samples_are_gone_and_others_are_bit_exact(
    rng: np.random.Generator, pix_fmt: str, is_filled: bool
) -> None:
    """In any planar format: the mean of the cell, or grey, or what it was before."""
    picture = make_noise(rng, pix_fmt, HW)
    before = read_planes(picture)
    layout = PlaneLayout.of(picture)
    grey = layout.codes(np.array((64, 64, 64), np.uint8))
    labels = np.where(rng.random(HW) < 0.01, PERSON, ROAD).astype(np.uint8)

    (item,) = redact([make_segmentation(picture, labels)], is_filled=is_filled)

    assert item.frame.picture.format.name == pix_fmt
    after = read_planes(item.frame.picture)
    for number, (was, now) in enumerate(zip(before, after, strict=True)):
        hidden = hidden_samples(labels, layout, number, was.shape)
        assert 0 < hidden.sum() < hidden.size
        np.testing.assert_array_equal(now[~hidden], was[~hidden])
        rows = CELL >> (layout.shift_h if number else 0)
        columns = CELL >> (layout.shift_w if number else 0)
        for y, x in np.argwhere(hidden):
            cell = was[
                y // rows * rows : (y // rows + 1) * rows,
                x // columns * columns : (x // columns + 1) * columns,
            ]
            expected = grey[number] if is_filled else np.floor(cell.mean() + 0.5)
            assert now[y, x] == expected
    for was, now in zip(before, read_planes(picture), strict=True):
        np.testing.assert_array_equal(now, was)  # the decoder's own is not touched


@pytest.mark.parametrize("pix_fmt", ["nv12", "uyvy422", "p010le", "rgb24", "gray"])
def test_other_formats_come_out_planar(rng: np.random.Generator, pix_fmt: str) -> None:
    """And always, so that one stream has one format."""
    picture = make_noise(rng, pix_fmt, (32, 48))

    items = redact(
        [
            make_segmentation(picture, person(3, 4, (32, 48))),
            make_segmentation(picture, empty((32, 48))),
        ]
    )

    first, second = (item.frame.picture for item in items)
    assert first.format.name == second.format.name != pix_fmt
    assert np.ptp(plane_samples(first)[0][:8, :8]) == 0


def test_two_pictures_alike_outside_and_in_the_mean_come_out_the_same(
    rng: np.random.Generator,
) -> None:
    """Nothing of how the samples lay within a cell is left to be undone."""
    one, other = (make_noise(rng, "yuv444p", HW) for _ in range(2))
    labels = empty()
    labels[:16, :32] = PERSON
    for plane, turned in zip(plane_samples(one), plane_samples(other), strict=True):
        turned[:] = plane
        turned[:16, :16] = plane[:16, :16][::-1, ::-1]
        turned[:16, 16:32] = rng.permuted(plane[:16, 16:32])

    first, second = redact(
        [make_segmentation(one, labels), make_segmentation(other, labels)]
    )

    for got, want in zip(
        read_planes(first.frame.picture), read_planes(second.frame.picture), strict=True
    ):
        np.testing.assert_array_equal(got, want)


def test_a_cell_grows_with_the_picture(rng: np.random.Generator) -> None:
    """A twentieth of the shorter side at least, or a large picture would show faces."""
    size_hw = 1088, 1920
    labels = empty(size_hw)
    labels[:112, :112] = PERSON

    (item,) = redact([make_segmentation(make_noise(rng, "yuv420p", size_hw), labels)])

    luma = plane_samples(item.frame.picture)[0][:112, :112]
    assert len(np.unique(luma)) <= 4
    assert np.ptp(luma[:56, :56]) == 0


@settings(max_examples=50, deadline=None)
@given(
    y=st.integers(0, 95),
    x=st.integers(0, 127),
    margin=st.floats(0, 1),
)
def test_the_margin_is_hidden_and_little_more(y: int, x: int, margin: float) -> None:
    """All that is within it, and less than two blocks beyond it."""
    size_hw = 96, 128
    picture = make_noise(np.random.default_rng(0), "yuv444p", size_hw)
    before = plane_samples(picture)[0][:, :128].copy()

    (item,) = redact(
        [make_segmentation(picture, person(y, x, size_hw))],
        margin=margin,
        is_filled=True,
    )

    luma = plane_samples(item.frame.picture)[0][:, :128]
    rows, columns = np.ogrid[:96, :128]
    distance = np.maximum(abs(rows - y), abs(columns - x))
    assert len(np.unique(luma[distance <= margin * 96])) == 1
    far = distance > margin * 96 + 15
    np.testing.assert_array_equal(luma[far], before[far])


def test_a_picture_with_nothing_to_hide_is_not_copied(rng: np.random.Generator) -> None:
    """The item itself goes on."""
    item = make_segmentation(make_noise(rng, "yuv420p", HW), empty())

    (passed,) = redact([item])

    assert passed is item


def test_labels_turn_with_the_picture_as_it_is_stored(rng: np.random.Generator) -> None:
    """A tag of rotation changes nothing: labels lie as the picture does."""
    picture = make_noise(rng, "yuv420p", HW)
    upright, turned = (
        make_segmentation(picture, person(20, 40), rotation=rotation)
        for rotation in (0, 90)
    )

    (first,), (second,) = redact([upright]), redact([turned])

    for got, want in zip(
        read_planes(first.frame.picture), read_planes(second.frame.picture), strict=True
    ):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"hidden": ["pedestrain"]}, "did you mean pedestrian"),
        ({"hidden": [], "margin": 1.5}, "a margin is a share from 0 to 1, got 1.5"),
        ({"hidden": [], "also_hold_s": -1}, "also_hold_s cannot be negative, got -1"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], sentence: str) -> None:
    """Before any frame: a class that is misspelt would be shown."""
    with pytest.raises(ConfigError, match=sentence):
        Redactor(CAMVID, ledger=Ledger(), **given)


def test_times_and_tags_travel_with_the_new_picture(rng: np.random.Generator) -> None:
    """As with every picture that is painted."""
    picture = make_noise(rng, "yuv420p", HW)
    picture.colorspace, picture.color_range = 1, 2

    (item,) = redact([make_segmentation(picture, person(0, 0), pts=40)])

    made: av.VideoFrame = item.frame.picture
    assert (made.pts, made.time_base) == (40, item.frame.format.time_base)
    assert (made.colorspace, made.color_range) == (1, 2)
