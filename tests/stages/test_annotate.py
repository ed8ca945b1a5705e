"""Annotated frames: painted copies, everything else as it was decoded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from maskstream.models.classes import CAMVID
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.frame import Segmentation
from maskstream.stages.annotate import Annotator
from maskstream.stages.colour import matrix_and_range, rgb_to_yuv
from maskstream.stages.overlay_kernel import prepare_kernel
from tests.clips import make_clip
from tests.pictures import make_noise, make_segmentation, read_planes
from tests.sinks import read_clip

ROAD, SKY = CAMVID.index("road"), CAMVID.index("sky")


@pytest.fixture(scope="module", autouse=True)
def _compiled_kernel() -> None:
    prepare_kernel()


def annotate(*items: Segmentation, **options: Any) -> list[Segmentation]:
    """Run a whole stream through the stage, plain unless asked otherwise."""
    settings = {"clock": ManualClock(), "legend": False, **options}
    return list(Annotator(CAMVID, **settings)(Channel.of(*items)))


def test_decoded_pictures_are_only_read(tmp_path: Path) -> None:
    """Pictures that others refer to decode as they would have, and stay as they are."""
    clip = make_clip(tmp_path / "b.mkv", b_frames=True, gop=20)
    with av.open(str(clip)) as container:
        expected = [read_planes(picture) for picture in container.decode(video=0)]
    decoded = []
    inbox = Channel[Segmentation](capacity=1)
    stage = Annotator(CAMVID, ManualClock(), alpha=1.0, status=True)(inbox)

    with av.open(str(clip)) as container:
        for picture in container.decode(video=0):
            labels = np.full((picture.height, picture.width), ROAD, np.uint8)
            inbox.send(make_segmentation(picture, labels))
            assert next(stage).frame.picture is not picture  # before the next decodes
            decoded.append(picture)

    assert len(decoded) == len(expected) == 20
    for picture, planes in zip(decoded, expected, strict=True):
        for got, want in zip(read_planes(picture), planes, strict=True):
            np.testing.assert_array_equal(got, want)


def test_the_class_colour_is_that_of_the_frames_own_matrix_and_range(
    rng: np.random.Generator,
) -> None:
    """Tags of a picture decide which codes a colour has."""
    painted = []
    for colorspace, color_range in ((1, 1), (6, 1), (6, 2)):
        picture = make_noise(rng, "yuv420p", (16, 16))
        picture.colorspace, picture.color_range = colorspace, color_range
        item = make_segmentation(picture, np.full((16, 16), ROAD, np.uint8))
        (annotated,) = annotate(item, alpha=1.0)
        planes = read_planes(annotated.frame.picture)
        painted.append(tuple(int(plane[0, 0]) for plane in planes))

        road = np.array(CAMVID.colours[ROAD], np.uint8)
        assert painted[-1] == tuple(rgb_to_yuv(road, matrix_and_range(picture)))

    assert len(set(painted)) == 3


def test_frames_keep_their_time_labels_and_order(rich_clip: Path) -> None:
    """Only the picture is new: pts, also of the picture, format and labels are kept."""
    items, _ = read_clip(rich_clip)

    annotated = annotate(*items)

    assert len(annotated) == len(items)
    for new, old in zip(annotated, items, strict=True):
        assert new.labels is old.labels
        assert new.frame.format is old.frame.format
        assert (new.frame.index, new.frame.pts) == (old.frame.index, old.frame.pts)
        assert new.frame.picture.pts == old.frame.pts
        assert new.frame.picture.time_base == old.frame.format.time_base


def test_hidden_classes_stay_bit_exact(rng: np.random.Generator) -> None:
    """Their pixels are as decoded; the others are painted."""
    picture = make_noise(rng, "yuv444p", (32, 48))
    labels = np.full((32, 48), SKY, np.uint8)
    labels[16:] = ROAD
    before = read_planes(picture)

    (annotated,) = annotate(make_segmentation(picture, labels), hidden=["sky"])

    for got, was in zip(read_planes(annotated.frame.picture), before, strict=True):
        np.testing.assert_array_equal(got[:16], was[:16])
        assert (got[16:] != was[16:]).mean() > 0.9


@pytest.mark.parametrize("pix_fmt", ["nv12", "rgb24", "gray", "p010le", "pal8"])
def test_any_pixel_format_is_painted(rng: np.random.Generator, pix_fmt: str) -> None:
    """Formats that are not planar become so, and are painted as any other."""
    picture = make_noise(rng, pix_fmt, (33, 47))
    item = make_segmentation(picture, np.full((33, 47), ROAD, np.uint8))

    (annotated,) = annotate(item, alpha=1.0)

    pixels = annotated.frame.picture.to_ndarray(format="rgb24").astype(int)
    assert np.abs(pixels - CAMVID.colours[ROAD]).max() <= 4


def test_the_size_may_change_within_a_stream(rng: np.random.Generator) -> None:
    """Each picture gets a legend that fits it, or none."""
    sizes_hw = [(272, 480), (64, 64), (480, 272)]
    items = [
        make_segmentation(make_noise(rng, "yuv420p", hw), np.zeros(hw, np.uint8))
        for hw in sizes_hw
    ]

    annotated = annotate(*items, alpha=0.0, legend=True)

    changed = [
        (read_planes(new.frame.picture)[0] != read_planes(old.frame.picture)[0]).any()
        for new, old in zip(annotated, items, strict=True)
    ]
    assert changed == [True, False, True]


def test_the_legend_names_only_what_is_painted(rng: np.random.Generator) -> None:
    """With every class hidden there is nothing to explain."""
    picture = make_noise(rng, "yuv420p", (272, 480))
    item = make_segmentation(picture, np.zeros((272, 480), np.uint8))

    (annotated,) = annotate(item, hidden=CAMVID.names, legend=True)

    for got, was in zip(
        read_planes(annotated.frame.picture), read_planes(picture), strict=True
    ):
        np.testing.assert_array_equal(got, was)


def test_the_status_line_follows_media_time_and_clock(
    rng: np.random.Generator,
) -> None:
    """It changes with the pts and with the speed, and with nothing else."""
    picture = make_noise(rng, "yuv420p", (272, 480))
    labels = np.zeros((272, 480), np.uint8)

    def status(pts: int, seconds_a_frame: float) -> bytes:
        clock = ManualClock()
        inbox = Channel.of(*[make_segmentation(picture, labels, pts=pts)] * 2)
        stage = Annotator(CAMVID, clock, alpha=0.0, legend=False, status=True)(inbox)
        next(stage)
        clock.advance(seconds_a_frame)
        return bytes(next(stage).frame.picture.planes[0])

    assert status(1000, 0.04) == status(1000, 0.04)
    assert status(1000, 0.04) != status(1001, 0.04)
    assert status(1000, 0.04) != status(1000, 0.05)
    assert status(1000, 0.04) != status(-1000, 0.04)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan")])
def test_an_alpha_that_is_no_share_is_refused(alpha: float) -> None:
    """The message says what was given."""
    with pytest.raises(ConfigError, match="alpha must be between 0 and 1, got"):
        Annotator(CAMVID, ManualClock(), alpha=alpha)


def test_hiding_an_unknown_class_is_refused() -> None:
    """The message says which one was meant."""
    with pytest.raises(ConfigError, match="did you mean road"):
        Annotator(CAMVID, ManualClock(), hidden=["raod"])
