"""Copies to paint on: planar, nothing lost, and the decoder's picture left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from maskstream.stages.colour import matrix_and_range
from maskstream.stages.planes import PictureCopier, PlaneLayout, plane_samples
from tests.clips import make_clip
from tests.pictures import make_noise, read_planes

PLANAR_OF = {
    "yuv420p": "yuv420p",
    "yuvj422p": "yuvj422p",
    "yuva420p": "yuva420p",
    "yuv422p10le": "yuv422p10le",
    "gbrp": "gbrp",
    "nv12": "yuv420p",
    "nv16": "yuv422p",
    "yuyv422": "yuv422p",
    "uyyvyy411": "yuv411p",
    "p010le": "yuv420p10le",
    "yuv420p10be": "yuv420p10le",
    "gray": "yuv420p",
    "gray10le": "yuv420p10le",
    "monow": "yuv420p",
    "rgb24": "gbrp",
    "bgra": "gbrp",
    "pal8": "gbrp",
    "rgb48le": "gbrp16le",
}
ODD_HW = 37, 53


def read_rows(picture: av.VideoFrame, kind: type = np.uint8) -> NDArray[np.int64]:
    """Read the first plane of a picture as it lies in memory, padding included."""
    samples: Any = np.frombuffer(picture.planes[0], kind)  # type: ignore[call-overload]
    return np.asarray(samples.reshape(picture.planes[0].height, -1), np.int64)


@pytest.mark.parametrize(("given", "wanted"), PLANAR_OF.items())
def test_a_copy_has_the_nearest_planar_format(
    rng: np.random.Generator, given: str, wanted: str
) -> None:
    """A planar format is kept; any other one becomes planar, of the same size."""
    copied = PictureCopier().copy(make_noise(rng, given, ODD_HW))

    assert copied.format.name == wanted
    assert (copied.height, copied.width) == ODD_HW


@pytest.mark.parametrize("color_range", [0, 1, 2])
@pytest.mark.parametrize(
    ("pix_fmt", "kind", "step", "starts"),
    [
        ("gray", np.uint8, 1, (0,)),
        ("gray10le", np.uint16, 1, (0,)),
        ("nv12", np.uint8, 1, (0,)),
        ("yuyv422", np.uint8, 2, (0,)),
        ("rgb24", np.uint8, 3, (1, 2, 0)),
        ("bgra", np.uint8, 4, (1, 0, 2)),
    ],
)
def test_a_conversion_moves_the_same_codes(
    rng: np.random.Generator,
    pix_fmt: str,
    kind: type,
    step: int,
    starts: tuple[int, ...],
    color_range: int,
) -> None:
    """Luma, or green, blue and red, come bit-exact into their planes in any range."""
    picture = make_noise(rng, pix_fmt, ODD_HW)
    picture.color_range = color_range
    rows = read_rows(picture, kind)

    copied = PictureCopier().copy(picture)

    for start, plane in zip(starts, read_planes(copied), strict=False):
        expected = rows[:, start : ODD_HW[1] * step : step]
        np.testing.assert_array_equal(plane, expected)


@pytest.mark.parametrize("pix_fmt", ["gray", "gray10le", "nv12", "yuyv422", "yuv420p"])
@pytest.mark.parametrize("color_range", [0, 1, 2])
def test_codes_mean_the_same_after_a_conversion(
    rng: np.random.Generator, pix_fmt: str, color_range: int
) -> None:
    """Grey without tags has the full range, and its copy says so; chroma is neutral."""
    picture = make_noise(rng, pix_fmt, ODD_HW)
    picture.color_range = color_range

    copied = PictureCopier().copy(picture)

    assert matrix_and_range(copied) == matrix_and_range(picture)
    if pix_fmt.startswith("gray"):
        neutral = 128 << (PlaneLayout.of(copied).bit_depth - 8)
        assert all((chroma == neutral).all() for chroma in read_planes(copied)[1:])


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "nv12", "yuv422p10le", "gbrp", "pal8"])
def test_painting_a_copy_leaves_the_picture_alone(
    rng: np.random.Generator, pix_fmt: str
) -> None:
    """No plane is shared."""
    picture = make_noise(rng, pix_fmt, ODD_HW)
    before = [bytes(plane) for plane in picture.planes]

    for samples in plane_samples(PictureCopier().copy(picture)):
        samples[:] = 7

    assert [bytes(plane) for plane in picture.planes] == before


def test_one_copier_takes_pictures_of_any_kind(rng: np.random.Generator) -> None:
    """Size and format may change from one picture to the next."""
    copier = PictureCopier()
    pictures = [
        make_noise(rng, pix_fmt, size_hw)
        for size_hw in ((8, 8), ODD_HW)
        for pix_fmt in ("yuv420p", "nv12", "yuv422p10le", "yuv420p")
    ]

    copies = [copier.copy(picture) for picture in pictures]

    for picture, copied in zip(pictures, copies, strict=True):
        assert (copied.height, copied.width) == (picture.height, picture.width)
        if copied.format.name == picture.format.name:
            for plane, was in zip(
                read_planes(copied), read_planes(picture), strict=True
            ):
                np.testing.assert_array_equal(plane, was)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "nv12"])
@pytest.mark.parametrize("color_range", [1, 2])
def test_colour_tags_and_field_order_travel_with_a_copy(
    tmp_path: Path, pix_fmt: str, color_range: int
) -> None:
    """What FFmpeg knows of a picture is known of its copy; its picture type is not."""
    clip = make_clip(
        tmp_path / "tagged.mkv",
        frames=1,
        colorspace=1,
        color_range=color_range,
        color_primaries=9,
        color_trc=16,
        codec_options={"x264-params": "tff=1", "flags": "+ildct+ilme"},
    )
    with av.open(str(clip)) as container:
        picture = next(container.decode(video=0))
    if pix_fmt != picture.format.name:
        picture = picture.reformat(format=pix_fmt)
    assert picture.interlaced_frame

    copied = PictureCopier().copy(picture)

    assert copied.interlaced_frame
    assert copied.pict_type == 0
    for tag in ("colorspace", "color_range", "color_primaries", "color_trc", "pts"):
        assert getattr(copied, tag) == getattr(picture, tag)
