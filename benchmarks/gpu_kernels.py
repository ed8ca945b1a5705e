"""Each kernel beside its twin: the same results, and the time of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import torch
from torch import Tensor

from benchmarks.gpu_report import Row, median_ms
from benchmarks.gpu_sizes import Sizes
from maskstream.models.geometry import ScoreGrid
from maskstream.models.kernels.colour import ColourSpec
from maskstream.models.kernels.labels import labels_on_device
from maskstream.models.kernels.network_input import Planes, fill_input, fill_input_torch
from maskstream.models.kernels.overlay import blend_on_device, blend_torch
from maskstream.models.upsample import labels_from_scores_torch

__all__ = ["check_kernels", "make_planes", "make_tables"]

_NUM_CLASSES = 19
_BT709 = ColourSpec(0.2126, 0.0722, is_full_range=False)


def check_kernels(sizes: Sizes) -> Iterator[Row]:
    """Yield a row a kernel; what differs is a share of the samples and the most."""
    yield _check_input("planes to network input", make_planes(sizes), sizes)
    yield _check_input("NV12 to network input", make_nv12(sizes), sizes)
    yield _check_labels(sizes)
    yield _check_overlay("overlay", make_planes(sizes), sizes)
    yield _check_overlay("overlay of NV12", make_nv12(sizes), sizes)


def _check_input(name: str, planes: Planes, sizes: Sizes) -> Row:

    def fill(by: Callable[..., None]) -> Tensor:
        batch = torch.empty((1, 3, *sizes.input_hw), device=sizes.device)
        out = batch.to(torch.bfloat16, memory_format=torch.channels_last)[0]
        by(planes, out, colour=_BT709, rotation=0, mean=(123.68, 116.78, 103.94))
        return out

    return _row(
        name,
        sizes,
        lambda: fill(fill_input),
        lambda: fill(fill_input_torch),
    )


def _check_labels(sizes: Sizes) -> Row:
    height, width = sizes.input_hw
    shape = 1, _NUM_CLASSES, height // 8, width // 8
    scores = torch.randn(shape, device=sizes.device).to(torch.bfloat16)
    scores = scores.contiguous(memory_format=torch.channels_last)
    grid = ScoreGrid.tiling(8)

    def label(by: Callable[..., Tensor]) -> Tensor:
        return by(scores, grid, sizes.input_hw, *sizes.frame_hw)

    return _row(
        "scores to labels",
        sizes,
        lambda: label(labels_on_device),
        lambda: label(labels_from_scores_torch),
    )


def _check_overlay(name: str, planes: Planes, sizes: Sizes) -> Row:
    small = torch.randint(_NUM_CLASSES, [side // 9 + 1 for side in sizes.frame_hw])
    height, width = sizes.frame_hw
    labels = small.repeat_interleave(9, 0).repeat_interleave(9, 1)[:height, :width]
    labels = labels.to(sizes.device, torch.uint8).contiguous()
    keep, add = make_tables(sizes.device)

    def blend(by: Callable[..., None]) -> Tensor:
        painted = [plane.clone() for plane in planes]
        by(painted, labels, keep, add, 2)
        return torch.cat([plane.flatten() for plane in painted])

    return _row(name, sizes, lambda: blend(blend_on_device), lambda: blend(blend_torch))


def _row(
    name: str, sizes: Sizes, kernel: Callable[[], Tensor], twin: Callable[[], Tensor]
) -> Row:
    difference = (kernel().float() - twin().float()).abs()
    return {
        "kernel": name,
        "differ": round(float((difference > 0).float().mean()), 6),
        "most": float(difference.max()),
        "kernel ms": round(median_ms(kernel, sizes.device, sizes.seconds), 4),
        "twin ms": round(median_ms(twin, sizes.device, sizes.seconds), 4),
    }


def make_planes(sizes: Sizes) -> Planes:
    """Make a frame of noise, 4:2:0."""
    height, width = sizes.frame_hw
    y, u, v = (
        torch.randint(256, size, dtype=torch.uint8, device=sizes.device)
        for size in ((height, width), *[(-(-height // 2), -(-width // 2))] * 2)
    )
    return y, u, v


def make_nv12(sizes: Sizes) -> Planes:
    """Make a frame of noise as NVDEC leaves it, U and V in one plane."""
    y, u, v = make_planes(sizes)
    pairs = torch.stack((u, v), dim=2)
    return y, pairs[..., 0], pairs[..., 1]


@cache
def make_tables(device: torch.device) -> tuple[Tensor, Tensor]:
    """Make tables of an overlay that paints half of every class but the first."""
    keep = torch.full((513,), 256, dtype=torch.int32)
    add = torch.full((3, 513), 128, dtype=torch.int32)
    for label in range(1, _NUM_CLASSES):
        keep[label], keep[label + 256] = 128, 0
        for plane in range(3):
            code = (37 * label + 91 * plane) % 256
            add[plane, label] += 128 * code
            add[plane, label + 256] += 256 * code
    return keep.to(device), add.to(device)
