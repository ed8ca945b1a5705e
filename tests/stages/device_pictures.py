"""What `test_device_picture.py` runs with FFmpeg's CUDA device: nothing is printed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from maskstream.models.classes import CAMVID
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.frame import Frame, Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.annotate import Annotator
from maskstream.stages.codecs import CODECS, pixel_format_for
from maskstream.stages.colour import matrix_and_range
from maskstream.stages.device_input import yuv_picture
from maskstream.stages.device_picture import is_on_device
from maskstream.stages.jpeg import to_jpeg
from maskstream.stages.live.frozen import Freeze
from maskstream.stages.network_input import network_picture
from maskstream.stages.nvdec import Nvdec
from maskstream.stages.opening import open_source
from maskstream.stages.planes import PictureCopier
from maskstream.stages.publishing.fitting import Fitter
from maskstream.stages.redact import Redactor
from maskstream.stages.source import expand_inputs
from tests.clips import make_clip
from tests.decoding import decode
from tests.fake_cuda import upload
from tests.pictures import read_planes
from tests.sinks import labels_of


def main(folder: Path) -> None:
    """Compare whatever reads a picture on the device with the same on the host."""
    clip = make_clip(
        folder / "in.mp4", size_hw=(144, 176), rotation=90, colorspace=1, color_range=1
    )
    here = decode(clip).frames
    there = [replace(frame, picture=upload(frame.picture)) for frame in here]

    assert all(is_on_device(frame.picture) for frame in there)
    compare_readers(here[0], there[0])
    for stage in (
        Annotator(CAMVID, ManualClock()),
        Annotator(CAMVID, ManualClock(), status=True),
        Redactor(CAMVID, ["road"], Ledger(), also_hold_s=0),
    ):
        made = stage(Channel.of(*labelled(there)))
        known = stage(Channel.of(*labelled(here)))
        for one, other in zip(made, known, strict=True):
            compare(one.frame, other.frame)
    settle(folder, clip, there[0])


def compare_readers(here: Frame, there: Frame) -> None:
    """Compare what reads one picture alone."""
    size_hw = 96, 64
    seen = yuv_picture(there.picture, 90, size_hw)
    assert seen is not None
    assert len(seen.planes) == 2
    assert seen.colour == matrix_and_range(here.picture)
    assert pixel_format_for(CODECS["h264_nvenc"], there.picture) == "cuda"
    np.testing.assert_array_equal(
        network_picture(there.picture, 90, size_hw),
        network_picture(here.picture, 90, size_hw),
    )
    fitted = [
        read_planes(Fitter((72, 88)).fit(frame.picture, frame.format))
        for frame in (there, here)
    ]
    for plane, other in zip(*fitted, strict=True):
        np.testing.assert_array_equal(plane, other)
    assert to_jpeg(there, 90) == to_jpeg(here, 90)
    freeze = Freeze(2.0)
    looks = [
        freeze.has_set_in(one.picture, 2.0 * i) for i, one in enumerate((here, there))
    ]
    assert looks == [False, True]


def labelled(frames: Sequence[Frame]) -> list[Segmentation]:
    """Give each frame labels of its own."""
    return [Segmentation(frame, labels_of(frame)) for frame in frames]


def compare(one: Frame, other: Frame) -> None:
    """Compare two pictures on the host, and what goes with them."""
    for plane, known in zip(
        read_planes(one.picture), read_planes(other.picture), strict=True
    ):
        np.testing.assert_array_equal(plane, known)
    for tag in ("pts", "rotation", "colorspace", "color_range", "color_trc"):
        assert getattr(one.picture, tag) == getattr(other.picture, tag), tag


def settle(folder: Path, clip: Path, there: Frame) -> None:
    """See what stays on the device, and that FFmpeg goes on without NVDEC."""
    odd = make_clip(
        folder / "odd.mkv", frames=1, size_hw=(145, 161), codec="libvpx-vp9"
    )
    (frame,) = decode(odd).frames
    nvdec = Nvdec("cam")
    (source,) = expand_inputs([str(clip)])
    with open_source(source, nvdec=nvdec) as opened:
        assert opened.video.codec_context.is_hwaccel
        assert nvdec.settle(there.picture, opened.video) is there.picture
        settled = nvdec.settle(upload(frame.picture), opened.video)
    assert settled.format.name == "nv12"
    copied, wanted = read_planes(PictureCopier().copy(settled)), frame.picture
    for plane, expected in zip(copied, read_planes(wanted), strict=True):
        # But for the last row of chroma: FFmpeg copies 145 >> 1 of them.
        np.testing.assert_array_equal(plane[:72], expected[:72])
    made, known = decode(clip, nvdec=nvdec), decode(clip)
    assert made.num_decoded == known.num_decoded == 20
    for one, other in zip(made.frames, known.frames, strict=True):
        assert one.pts == other.pts
        compare(one, other)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
