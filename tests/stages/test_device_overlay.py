"""Pictures painted where they lie: as the host would, ready for an encoder there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from maskstream.models.classes import CAMVID
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.annotate import Annotator
from maskstream.stages.codecs import check_codec
from maskstream.stages.device_overlay import DeviceOverlay
from maskstream.stages.device_picture import is_on_device
from maskstream.stages.encode import VideoEncoder
from maskstream.stages.nvdec import Nvdec
from maskstream.stages.overlay import Overlay
from maskstream.stages.planes import PictureCopier, PlaneLayout
from tests.clips import make_clip
from tests.decoding import decode
from tests.nvdec import needs_nvdec
from tests.pictures import read_planes
from tests.sinks import labels_of, run_sink, times_of

SIZE_HW = 144, 176


def segmentations(clip: Path, *, nvdec: Nvdec | None = None) -> list[Segmentation]:
    """Decode a clip, and give each frame labels of its own."""
    frames = decode(clip, nvdec=nvdec).frames
    return [Segmentation(frame, labels_of(frame)) for frame in frames]


def annotate(items: Sequence[Segmentation], *, stays: bool) -> list[Segmentation]:
    """Paint all, with contours and a class left out."""
    stage = Annotator(
        CAMVID,
        ManualClock(),
        hidden=["sky"],
        contours=True,
        legend=False,
        stays_on_device=stays,
    )
    return list(stage(Channel.of(*items)))


def overlay_on(picture: av.VideoFrame) -> DeviceOverlay:
    """Make what `annotate` paints with, where a picture lies."""
    overlay = Overlay.of(
        CAMVID.colours,
        visible=[i for i, name in enumerate(CAMVID.names) if name != "sky"],
        alpha=0.5,
        contour_px=1,
        layout=PlaneLayout.of(picture),
    )
    return DeviceOverlay.of(overlay, picture)


def test_the_device_paints_a_real_clip_as_the_host_does(tmp_path: Path) -> None:
    """Every sample is equal, and so are the tags; what was decoded is only read."""
    clip = make_clip(
        tmp_path / "in.mp4", size_hw=SIZE_HW, colorspace=1, color_range=1, frames=5
    )
    copier = PictureCopier()
    overlay: DeviceOverlay | None = None

    for item, wanted in zip(
        segmentations(clip), annotate(segmentations(clip), stays=False), strict=True
    ):
        picture = item.frame.picture.reformat(format="nv12")
        before = picture.to_ndarray()
        overlay = overlay or overlay_on(picture)
        painted = overlay.painted(picture, item.labels)

        known = wanted.frame.picture
        assert painted.format.name == "nv12"
        for plane, other in zip(
            read_planes(copier.copy(painted)), read_planes(known), strict=True
        ):
            np.testing.assert_array_equal(plane, other)
        for tag in ("colorspace", "color_range", "color_primaries", "color_trc"):
            assert getattr(painted, tag) == getattr(known, tag)
        np.testing.assert_array_equal(picture.to_ndarray(), before)


@pytest.mark.parametrize("width", [96, 90])
def test_the_planes_of_a_painted_picture_follow_each_other(width: int) -> None:
    """NVENC finds the second by the rows and the row length of the first."""
    picture = av.VideoFrame(width, 64, "nv12")
    labels = np.zeros((64, width), np.uint8)

    y, uv = overlay_on(picture).painted(picture, labels).planes

    assert y.line_size == uv.line_size == 256
    assert uv.buffer_ptr == y.buffer_ptr + 64 * y.line_size


@pytest.mark.gpu
@needs_nvdec
def test_what_is_decoded_on_the_device_is_painted_there(tmp_path: Path) -> None:
    """Down on the host the samples are those of the other way."""
    clip = make_clip(tmp_path / "in.mp4", size_hw=SIZE_HW, frames=5)
    copier = PictureCopier()

    items = segmentations(clip, nvdec=Nvdec("cam"))
    painted = annotate(items, stays=True)

    for item, known in zip(
        painted, annotate(segmentations(clip), stays=False), strict=True
    ):
        assert is_on_device(item.frame.picture)
        for plane, other in zip(
            read_planes(copier.copy(item.frame.picture)),
            read_planes(known.frame.picture),
            strict=True,
        ):
            np.testing.assert_array_equal(plane, other)


@pytest.mark.gpu
@needs_nvdec
def test_nvenc_takes_pictures_from_the_device(tmp_path: Path) -> None:
    """Every frame comes out at its time."""
    try:
        check_codec("h264_nvenc", {})
    except ConfigError as error:
        pytest.skip(str(error))
    clip = make_clip(tmp_path / "in.mp4", size_hw=SIZE_HW, frames=30, b_frames=True)
    out = tmp_path / "out.mp4"
    items = segmentations(clip, nvdec=Nvdec("cam"))
    painted = annotate(items, stays=True)

    ledger = run_sink(VideoEncoder(out, Ledger(), codec="h264_nvenc"), painted)

    assert ledger.account("cam").is_balanced
    assert times_of(out) == times_of(clip)
