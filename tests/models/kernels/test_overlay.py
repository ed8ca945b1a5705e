"""The overlay on the device: the very samples that the CPU's overlay makes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from maskstream.models.classes import CAMVID
from maskstream.models.kernels.overlay import blend_on_device, blend_torch
from maskstream.stages.overlay import Overlay
from maskstream.stages.planes import PlaneLayout, plane_samples
from tests.models.kernels.triton_device import DEVICE
from tests.pictures import make_noise
from tests.required import need_module

need_module("triton")
from maskstream.models.kernels.overlay_triton import blend_triton  # noqa: E402, needs it


@pytest.mark.slow
@pytest.mark.parametrize("blend", [blend_torch, blend_triton, blend_on_device])
@pytest.mark.parametrize("contour_px", [0, 2])
@pytest.mark.parametrize(
    ("pix_fmt", "size_hw"),
    [
        ("yuv420p", (18, 26)),
        ("yuv420p", (17, 23)),  # at odd edges a sample has fewer pixels
        ("nv12", (18, 26)),  # U and V in one plane, as NVDEC leaves them
        ("yuv422p", (9, 12)),
        ("yuv444p", (8, 9)),
        ("yuv420p", (1, 1)),
    ],
)
def test_the_device_paints_as_the_cpu_does(
    blend: Callable[..., None],
    contour_px: int,
    pix_fmt: str,
    size_hw: tuple[int, int],
) -> None:
    """Every sample of every plane is equal, with hidden classes and contours too."""
    rng = np.random.default_rng(0)
    is_nv12 = pix_fmt == "nv12"
    picture = make_noise(rng, "yuv420p" if is_nv12 else pix_fmt, size_hw)
    small = rng.integers(0, 11, (size_hw[0] // 5 + 1, size_hw[1] // 5 + 1))
    blobs = np.kron(small, np.ones((5, 5)))[: size_hw[0], : size_hw[1]]
    labels = np.ascontiguousarray(blobs, np.uint8)
    overlay = Overlay.of(
        CAMVID.colours,
        visible=[0, 1, 2, 3, 5, 8, 9, 10],
        alpha=0.4,
        contour_px=contour_px,
        layout=PlaneLayout.of(picture),
    )
    planes = plane_samples(picture)
    y, u, v = (torch.from_numpy(plane.copy()).to(DEVICE) for plane in planes)
    if is_nv12:
        u, v = torch.stack((u, v), dim=2).unbind(2)
    half = picture.planes[1].width
    device_planes = y[:, : size_hw[1]], u[:, :half], v[:, :half]
    tables = [
        torch.from_numpy(table.astype(np.int32)).to(DEVICE)
        for table in (overlay.keep, overlay.add)
    ]

    blend(device_planes, torch.from_numpy(labels).to(DEVICE), *tables, contour_px)

    overlay.blend(planes, labels)
    for made, wanted in zip((y, u, v), planes, strict=True):
        np.testing.assert_array_equal(made.cpu().numpy(), wanted)
