"""The network's input: Triton against its twin, the twin against swscale."""

from __future__ import annotations

import av
import numpy as np
import pytest
import torch

from maskstream.models.kernels.network_input import Planes, fill_input_torch
from maskstream.stages.colour import matrix_and_range
from maskstream.stages.device_input import yuv_picture
from maskstream.stages.network_input import network_picture
from tests.models.kernels.triton_device import DEVICE
from tests.required import need_module

need_module("triton")
from maskstream.models.kernels.network_input_triton import fill_input_triton  # noqa: E402, needs it


def make_picture(pix_fmt: str, height: int, width: int) -> av.VideoFrame:
    """Paint waves and some noise, in colours that reach the ends of the range."""
    rng = np.random.default_rng(0)
    i, j, c = np.mgrid[:height, :width, :3]
    waves = 128 + 150 * np.sin(i / 9 + c) * np.cos(j / 13 - c)
    noisy = waves + rng.normal(0, 8, waves.shape)
    rgb = noisy.clip(0, 255).astype(np.uint8)
    return av.VideoFrame.from_ndarray(rgb).reformat(format=pix_fmt)


def planes_of(picture: av.VideoFrame) -> Planes:
    """Copy the planes to the device."""
    viewed = yuv_picture(picture, 0, (1, 1))
    assert viewed is not None
    planes = []
    for plane in viewed.planes:
        assert isinstance(plane, np.ndarray)
        planes.append(torch.from_numpy(plane.copy()).to(DEVICE))
    if len(planes) == 2:
        y, uv = planes
        return y, uv[..., 0], uv[..., 1]
    y, u, v = planes
    return y, u, v


@pytest.mark.parametrize(
    ("pix_fmt", "size_hw", "rotation", "out_hw"),
    [
        ("yuv420p", (270, 480), 0, (144, 256)),
        ("nv12", (270, 480), 0, (144, 256)),
        ("yuvj420p", (270, 480), 90, (256, 144)),
        ("yuv420p", (97, 131), 180, (64, 96)),  # odd sides
        ("nv12", (120, 90), 270, (64, 96)),
        ("yuv422p", (50, 60), 0, (64, 96)),  # enlarged
        ("yuv444p", (90, 160), 0, (64, 96)),
        ("yuv420p", (720, 1280), 0, (96, 160)),  # BT.709 by its size
    ],
)
def test_the_twin_makes_what_swscale_makes(
    pix_fmt: str, size_hw: tuple[int, int], rotation: int, out_hw: tuple[int, int]
) -> None:
    """One code in a hundred differs from swscale's, and that by 1."""
    picture = make_picture(pix_fmt, *size_hw)
    out = torch.empty(3, *out_hw, device=DEVICE)

    fill_input_torch(
        planes_of(picture),
        out,
        colour=matrix_and_range(picture),
        rotation=rotation,
        mean=(0.0, 0.0, 0.0),
    )

    made = out.permute(1, 2, 0).cpu().numpy()
    difference = made - network_picture(picture, rotation, out_hw)
    assert np.abs(difference).max() <= 1
    assert np.mean(difference != 0) <= 0.01


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pix_fmt", "size_hw", "rotation", "dtype"),
    [
        ("yuv420p", (31, 37), 0, torch.float32),
        ("nv12", (40, 30), 90, torch.bfloat16),
        ("yuvj420p", (30, 40), 180, torch.float16),
        ("yuv422p", (20, 9), 270, torch.float32),
    ],
)
def test_triton_does_what_its_twin_does(
    pix_fmt: str, size_hw: tuple[int, int], rotation: int, dtype: torch.dtype
) -> None:
    """Codes are equal, but one in a thousand, and that by 1; no more is written."""
    picture = make_picture(pix_fmt, *size_hw)
    made, wanted = (
        torch.full((3, 3, 12, 20), torch.nan, dtype=dtype, device=DEVICE).to(
            memory_format=torch.channels_last
        )
        for _ in range(2)
    )

    for fill, batch in ((fill_input_triton, made), (fill_input_torch, wanted)):
        fill(
            planes_of(picture),
            batch[1],
            colour=matrix_and_range(picture),
            rotation=rotation,
            mean=(123.68, 116.78, 103.94),
        )

    assert made[[0, 2]].isnan().all()
    difference = (made[1].float() - wanted[1].float()).abs()
    assert difference.max() <= 2  # 1, and what bf16 rounds
    if DEVICE.type == "cuda" or dtype is not torch.bfloat16:
        # Triton's interpreter cuts what bf16 cannot hold; a GPU rounds it.
        assert (difference > 0).float().mean() <= 0.001
