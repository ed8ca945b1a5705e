"""State dicts as other programs write them; most take no room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch import Tensor

from maskstream.models.backbones.vgg import VGG, VGG_LAYERS
from maskstream.models.importing import Imported, import_weights
from maskstream.models.upscore import bilinear_kernel
from tests.models.networks import NarrowVGG

__all__ = [
    "NUM_VOC",
    "Shapes",
    "blank",
    "learnt",
    "narrow_vgg",
    "pytorch_fcn",
    "read",
    "vgg_convolutions",
]

Shapes = Mapping[str, tuple[int, ...]]

NUM_VOC = 21
LAST_STEPS = "upscore8.weight", "upscore16.weight", "upscore.weight"


def blank(shapes: Shapes) -> dict[str, Tensor]:
    """Make tensors of any size that take no room, in memory or in a file."""
    return {name: torch.zeros(()).expand(shape) for name, shape in shapes.items()}


def vgg_convolutions(layers: int = 16) -> dict[str, tuple[int, ...]]:
    """Return the shapes of VGG's kernels and biases, by caffe's names."""
    shapes: dict[str, tuple[int, ...]] = {}
    num_inputs = 3
    for block, (count, width) in enumerate(
        zip(VGG_LAYERS[layers], VGG.widths, strict=True), 1
    ):
        for index in range(1, count + 1):
            shapes[f"conv{block}_{index}.weight"] = (width, num_inputs, 3, 3)
            shapes[f"conv{block}_{index}.bias"] = (width,)
            num_inputs = width
    return shapes


def pytorch_fcn(stride: int) -> dict[str, Tensor]:
    """Make the state dict of pytorch-fcn's FCN-8s, 16s or 32s, as its files have it."""
    shapes = vgg_convolutions()
    pool3, pool4, pool5 = VGG.channels
    scored = {"score_fr": 4096}
    deconvolutions = {"upscore": 64}
    if stride <= 16:
        scored["score_pool4"] = pool4
        deconvolutions = {"upscore2": 4, "upscore16": 32}
    if stride <= 8:
        scored["score_pool3"] = pool3
        deconvolutions = {"upscore2": 4, "upscore_pool4": 4, "upscore8": 16}
    for name, num_inputs in scored.items():
        shapes[f"{name}.weight"] = (NUM_VOC, num_inputs, 1, 1)
        shapes[f"{name}.bias"] = (NUM_VOC,)
    shapes |= {"fc6.weight": (4096, pool5, 7, 7), "fc7.weight": (4096, 4096, 1, 1)}
    shapes |= {"fc6.bias": (4096,), "fc7.bias": (4096,)}
    tensors = blank(shapes)
    for name, size in deconvolutions.items():
        kernel = torch.eye(NUM_VOC)[:, :, None, None] * bilinear_kernel(size)
        tensors[f"{name}.weight"] = kernel
    return tensors


@contextmanager
def narrow_vgg() -> Iterator[None]:
    """Make every VGG, and the files of its weights, as narrow as `NarrowVGG`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(VGG, "widths", NarrowVGG.widths)
        patch.setattr(VGG, "channels", NarrowVGG.channels)
        yield


def learnt(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Fill tensors as training might, with numbers that fp16 keeps.

    Kernels pass on what they get at about its size; the last step stays bilinear.
    """
    generator = torch.Generator().manual_seed(0)
    filled = {}
    for name, tensor in tensors.items():
        if name in LAST_STEPS:
            filled[name] = tensor
            continue
        fan_in = tensor[0].numel() if tensor.ndim == 4 else 1
        spread = 0.1 if "upscore" in name or tensor.ndim == 1 else (6 / fan_in) ** 0.5
        noise = torch.rand(tensor.shape, generator=generator) * 2 - 1
        filled[name] = (tensor + spread * noise).half().float()
    return filled


def read(
    tensors: Mapping[str, Tensor], folder: Path, **options: str | None
) -> Imported:
    """Save a state dict with torch and import it."""
    path = folder / "weights.pth"
    torch.save(dict(tensors), path)
    return import_weights(path, **options)
