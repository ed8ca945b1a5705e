"""Pictures in the size and kind that viewers take, and the one without a camera."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from av.video.reformatter import ColorRange

from maskstream.pipeline.frame import StreamFormat
from maskstream.stages.displayed_size import displayed_hw
from maskstream.stages.publishing.fitting import Fitter
from maskstream.stages.publishing.no_signal import black_picture, no_signal_picture
from tests.clips import read_index
from tests.live_feed import make_item
from tests.pictures import make_noise, read_planes

FORM = StreamFormat(240, 320, Fraction(1, 1000))


@pytest.mark.parametrize(
    ("form", "longest", "shown"),
    [
        (FORM, None, (240, 320)),
        (FORM, 160, (120, 160)),
        (FORM, 960, (240, 320)),
        (StreamFormat(241, 321, Fraction(1, 1000)), None, (240, 320)),
        (StreamFormat(240, 320, Fraction(1, 1000), rotation=90), 160, (160, 120)),
        (
            StreamFormat(
                576, 720, Fraction(1, 1000), sample_aspect_ratio=Fraction(16, 11)
            ),
            None,
            (576, 1048),
        ),
    ],
)
def test_pictures_are_as_large_as_they_are_shown(
    form: StreamFormat, longest: int | None, shown: tuple[int, int]
) -> None:
    """Upright, with square pixels, even, and no longer than asked for."""
    assert displayed_hw(form, longest) == shown


def test_a_picture_that_fits_is_passed_on_as_it_is() -> None:
    """With times of its own: other sinks have the picture, too."""
    item = make_item(77, FORM)
    picture = item.frame.picture
    picture.pts = 5

    fitted = Fitter((240, 320)).fit(picture, FORM)
    fitted.pts = 9

    assert picture.pts == 5
    for ours, given in zip(read_planes(fitted), read_planes(picture), strict=True):
        np.testing.assert_array_equal(ours, given)


def test_a_picture_of_another_shape_gets_black_bars() -> None:
    """Its own shape is kept."""
    item = make_item(77, FORM)

    fitted = Fitter((240, 640)).fit(item.frame.picture, FORM)

    luma = read_planes(fitted)[0]
    assert luma.shape == (240, 640)
    assert set(luma[:, :160].ravel()) == set(luma[:, 480:].ravel()) == {16}
    assert luma[:, 160:480].mean() > 60


@pytest.mark.parametrize("pix_fmt", ["yuvj420p", "gbrp", "yuv422p", "yuv420p10le"])
def test_every_kind_of_picture_becomes_one(
    rng: np.random.Generator, pix_fmt: str
) -> None:
    """4:2:0 of 8 bits in limited range."""
    picture = make_noise(rng, pix_fmt, (240, 320))

    fitted = Fitter((240, 320)).fit(picture, FORM)

    assert fitted.format.name == "yuv420p"
    assert fitted.color_range != ColorRange.JPEG


def test_full_range_is_made_limited() -> None:
    """The picture looks the same."""
    picture = make_item(200, FORM).frame.picture
    full = picture.reformat(
        format="yuvj420p",
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
    )

    fitted = Fitter((240, 320)).fit(full, FORM)

    ours, given = read_planes(fitted)[0], read_planes(picture)[0]
    assert np.abs(ours - given).mean() < 2


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_picture_is_set_upright(rotation: int) -> None:
    """Quarter turns are counted counter-clockwise, as PyAV does."""
    upright = make_item(0b10110001, FORM).frame.picture
    stored = np.rot90(upright.to_ndarray(format="rgb24"), -rotation // 90)
    picture = type(upright).from_ndarray(np.ascontiguousarray(stored), format="rgb24")
    height, width, _ = stored.shape
    form = StreamFormat(height, width, Fraction(1, 1000), rotation=rotation)

    fitted = Fitter(displayed_hw(form)).fit(picture, form)

    assert read_index(fitted) == 0b10110001


def test_without_a_camera_the_last_picture_is_dimmed_and_written_on() -> None:
    """The picture itself stays as it was: encoders may still read it."""
    last = Fitter((240, 320)).fit(make_item(255, FORM).frame.picture, FORM)
    before = read_planes(last)[0]

    drawn = no_signal_picture(last, "cam", since=0.0)

    luma = read_planes(drawn)[0]
    np.testing.assert_array_equal(read_planes(last)[0], before)
    dimmed = 16 + (before - 16) * 0.3
    assert np.median(np.abs(luma - dimmed)) <= 1
    middle = luma[90:150]
    assert (middle > 200).sum() > 200, "no text"


def test_a_long_name_is_written_small() -> None:
    """Nothing stands over the edges."""
    drawn = no_signal_picture(black_picture((120, 160)), "camera-" * 8, since=0.0)

    luma = read_planes(drawn)[0]
    assert luma[:, :2].max() == luma[:, -2:].max() == 16
