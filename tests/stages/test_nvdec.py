"""Pictures of NVDEC: on the device where they can be read there, else as ever."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskstream.models.engines.cuda_engine import CudaEngine
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.frame import Batch, Frame, Labels
from maskstream.stages.colour import matrix_and_range
from maskstream.stages.device_picture import is_on_device, on_host
from maskstream.stages.nvdec import Nvdec, check_nvdec
from maskstream.stages.opening import open_source
from maskstream.stages.planes import PictureCopier
from maskstream.stages.segment import Segmenter
from maskstream.stages.source import expand_inputs
from tests.clips import make_clip
from tests.decoding import decode
from tests.models.networks import NearestColour
from tests.nvdec import has_nvdec, needs_nvdec
from tests.pictures import read_planes

needs_no_device = pytest.mark.skipif(has_nvdec(), reason="a CUDA device is here")


@needs_no_device
def test_nvdec_without_a_device_is_one_sentence() -> None:
    """It names the device and FFmpeg's reason."""
    wanted = r"nvdec needs a CUDA device that FFmpeg can use, and cuda:0 is none \("

    with pytest.raises(ConfigError, match=wanted):
        check_nvdec()


def test_what_was_decoded_in_software_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The line says of what kind it was; the pictures go on as they are."""
    clip = make_clip(tmp_path / "in.mp4", pix_fmt="yuv422p10le", frames=3)
    pictures = [frame.picture for frame in decode(clip).frames]
    (source,) = expand_inputs([str(clip)])
    nvdec = Nvdec("cam")

    with caplog.at_level(logging.WARNING), open_source(source) as opened:
        settled = [nvdec.settle(picture, opened.video) for picture in pictures]

    assert settled == pictures
    (record,) = caplog.records
    assert record.getMessage() == (
        "cam: decoded in software, since NVDEC here does not take it: "
        "h264 High 4:2:2 in yuv422p10le, 96x64"
    )


def test_what_is_on_the_host_stays_there(tmp_path: Path) -> None:
    """No picture of a decoder in software is copied or taken for another."""
    (frame, *_) = decode(make_clip(tmp_path / "in.mp4", frames=1)).frames

    assert not is_on_device(frame.picture)
    assert on_host(frame.picture) is frame.picture


def label(engine: CudaEngine, frames: list[Frame]) -> list[Labels]:
    """Label frames as the pipeline does."""
    batch = Batch(tuple(frames), (48, 64), held=((),) * len(frames))
    (inferred,) = Segmenter(engine)(Channel.of(batch))
    return inferred.pending.labels()


@pytest.mark.gpu
@needs_nvdec
@pytest.mark.parametrize(
    "traits",
    [
        {"b_frames": True},
        {"rotation": 90},
        {"colorspace": 1, "color_range": 2},
        {"codec": "libx265", "pix_fmt": "yuv420p10le"},
        {"codec": "libx264", "pix_fmt": "yuv444p"},
        {"codec": "libvpx-vp9"},
    ],
)
def test_nvdec_gives_what_software_gives(
    tmp_path: Path, traits: dict[str, Any]
) -> None:
    """Every sample, time, tag and label, wherever the pictures lie."""
    # NVDEC takes none that are smaller.
    clip = make_clip(tmp_path / "in.mkv", size_hw=(144, 176), **traits)

    made, known = decode(clip, nvdec=Nvdec("cam")), decode(clip)

    assert made.num_decoded == known.num_decoded
    copier = PictureCopier()
    for frame, wanted in zip(made.frames, known.frames, strict=True):
        assert (frame.pts, frame.duration) == (wanted.pts, wanted.duration)
        assert frame.format.rotation == wanted.format.rotation
        assert matrix_and_range(frame.picture) == matrix_and_range(wanted.picture)
        planes = read_planes(copier.copy(frame.picture))
        for plane, other in zip(planes, read_planes(wanted.picture), strict=True):
            np.testing.assert_array_equal(plane, other)
    with closing(
        CudaEngine(NearestColour(), device="cuda:0", precision="fp32")
    ) as engine:
        on_device, on_the_host = label(engine, made.frames), label(engine, known.frames)
    np.testing.assert_array_equal(on_device, on_the_host)


@pytest.mark.gpu
@needs_nvdec
def test_pictures_of_nvdec_stay_on_the_device(tmp_path: Path) -> None:
    """More of them than NVDEC has surfaces can be kept."""
    clip = make_clip(tmp_path / "in.mp4", frames=100, size_hw=(144, 176))

    frames = decode(clip, nvdec=Nvdec("cam")).frames

    assert len(frames) == 100
    assert all(is_on_device(frame.picture) for frame in frames)
