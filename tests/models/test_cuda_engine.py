"""The engine for CUDA: on the GPU where there is one, else by its twins on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import av
import numpy as np
import pytest
import torch
from torch import Tensor

from maskstream.models.engines.base import PlanesEngine, YuvPicture
from maskstream.models.engines.cuda_engine import CudaEngine
from maskstream.models.engines.packing import Packed
from maskstream.models.engines.torch_engine import TorchEngine
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.errors import ModelError
from maskstream.pipeline.frame import Batch, Frame, Labels, StreamFormat
from maskstream.stages.device_input import yuv_picture
from maskstream.stages.segment import Segmenter
from tests.clips import make_clip
from tests.decoding import decode
from tests.models.networks import NearestColour

DEVICE = "cuda:0" if torch.cuda.is_available() else "cpu"


class Greedy(NearestColour):
    """Takes no more than some pictures at once."""

    most = 2
    sizes: ClassVar[list[int]] = []

    def forward_centred(self, pictures: Tensor) -> Tensor:
        """Run out of memory where a batch is too large."""
        self.sizes.append(len(pictures))
        if len(pictures) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().forward_centred(pictures)


class Insatiable(Greedy):
    """Takes one picture when it is folded, and none after that."""

    def forward_centred(self, pictures: Tensor) -> Tensor:
        """Run out of memory but for the first time."""
        self.most = 0 if pictures.shape[2] != 64 else 1
        return super().forward_centred(pictures)


@pytest.fixture
def engine() -> Iterator[CudaEngine]:
    """Hold the small network on the device."""
    with closing(
        CudaEngine(NearestColour(), device=DEVICE, precision="fp32")
    ) as opened:
        yield opened


def make_rgb(seed: int, height: int = 96, width: int = 128) -> Labels:
    """Paint random colours, a block of 16x16 each; (height, width, 3)."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (height // 16, width // 16, 3), np.uint8)
    return blocks.repeat(16, axis=0).repeat(16, axis=1)


def make_frame(seed: int, pix_fmt: str, rotation: int) -> Frame:
    """Put a picture into a frame of a stream."""
    picture = av.VideoFrame.from_ndarray(make_rgb(seed)).reformat(format=pix_fmt)
    form = StreamFormat(96, 128, Fraction(1, 25), rotation=rotation)
    return Frame("cam", seed, picture, form, pts=seed, duration=1, decoded_at=0.0)


@pytest.mark.parametrize(
    ("rotation", "size_hw"), [(0, (48, 64)), (90, (64, 48)), (180, (96, 128))]
)
def test_planes_are_labelled_as_the_cpu_would(
    engine: CudaEngine, rotation: int, size_hw: tuple[int, int]
) -> None:
    """A batch of any formats, those that the device cannot read among them."""
    formats = ["yuv420p", "nv12", "yuv420p10le", "yuv444p", "rgb24"]
    frames = tuple(make_frame(i, fmt, rotation) for i, fmt in enumerate(formats))
    batch = Batch(frames, size_hw, held=((),) * len(frames))
    assert isinstance(engine, PlanesEngine)

    (inferred,) = Segmenter(engine)(Channel.of(batch))

    with closing(TorchEngine(NearestColour(), precision="fp32")) as plain:
        assert not isinstance(plain, PlanesEngine)
        (wanted,) = Segmenter(plain)(Channel.of(batch))
        for made, known in zip(
            inferred.pending.labels(), wanted.pending.labels(), strict=True
        ):
            assert made.shape == known.shape
            assert np.mean(made == known) >= 0.995


@pytest.mark.parametrize("rotation", [0, 270])
def test_planes_on_the_device_are_read_where_they_are(
    engine: CudaEngine, rotation: int, tmp_path: Path
) -> None:
    """Labels are the very ones, and each picture is kept until it has been read."""
    clip = make_clip(tmp_path / "in.mp4", frames=5, size_hw=(96, 128))
    size_hw = (48, 64) if rotation == 0 else (64, 48)
    sizes_hw = [(96, 128)] * 5

    def pictures(*, on_device: bool) -> Iterator[YuvPicture]:
        for frame in decode(clip).frames:
            picture = frame.picture.reformat(format="nv12")
            seen = yuv_picture(picture, rotation, size_hw)
            assert seen is not None
            # As of NVDEC: torch gets them from PyAV, by DLPack.
            yield replace(seen, planes=picture.planes) if on_device else seen

    made = engine.submit_planes(list(pictures(on_device=True)), sizes_hw).labels()

    known = engine.submit_planes(list(pictures(on_device=False)), sizes_hw).labels()
    np.testing.assert_array_equal(made, known)
    mixed = [*pictures(on_device=True), *pictures(on_device=False)]
    again = engine.submit_planes(mixed, sizes_hw * 2).labels()
    np.testing.assert_array_equal(again, [*known, *known])


def test_a_batch_that_is_too_large_runs_in_halves(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Labels come as if nothing had been; the next batch is not tried whole."""
    Greedy.sizes.clear()
    pictures = [make_rgb(seed) for seed in range(5)]
    sizes_hw = [(96, 128)] * 5

    with closing(CudaEngine(Greedy(), device=DEVICE, precision="fp32")) as engine:
        first = engine.submit(pictures, sizes_hw).labels()
        again = engine.submit(pictures, sizes_hw).labels()

    with closing(TorchEngine(NearestColour(), precision="fp32")) as plain:
        wanted = plain.submit(pictures, sizes_hw).labels()
    assert np.mean(np.array(first) == np.array(wanted)) >= 0.9999
    np.testing.assert_array_equal(first, again)
    assert Greedy.sizes.count(8) == 1  # a power of two, like all batches
    messages = [one.getMessage() for one in caplog.records if one.levelno > 20]
    assert messages == [
        "the device has too little memory for a batch of 5; from here on at most 2 "
        "at a time"
    ]


def test_one_picture_that_is_too_large_is_explained() -> None:
    """Where halving ends the reason is one sentence."""
    with (
        closing(CudaEngine(Insatiable(), device=DEVICE, precision="fp32")) as engine,
        pytest.raises(ModelError, match="too little memory"),
    ):
        engine.submit([make_rgb(0), make_rgb(1)], [(96, 128)] * 2).labels()


def test_arrays_come_out_of_a_pack_as_they_went_in() -> None:
    """Whatever their shapes, and wherever they lie."""
    rng = np.random.default_rng(0)
    whole = rng.integers(0, 256, (7, 300), np.uint8)
    pictures = [(whole, whole[::2, 5:8]), (whole.T.reshape(100, 7, 3),)]

    packed = Packed.of(pictures, pinned=False)

    for arrays, copies in zip(pictures, packed.unpack(packed.buffer), strict=True):
        for array, copied in zip(arrays, copies, strict=True):
            assert copied.storage_offset() % 256 == 0
            np.testing.assert_array_equal(copied.numpy(), array)
