"""A program of torch.export: torch runs it without this package."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from maskstream.models.exporting.format import Labelling
from maskstream.models.exporting.labeller import Labeller, sample_pictures
from maskstream.pipeline.errors import ModelError

__all__ = ["SIZE_MULTIPLE", "open_program", "write_program"]

SIZE_MULTIPLE = 32
_MIN_MULTIPLES, _MAX_MULTIPLES = 2, 512  # a side of one sample is a case of its own


def write_program(labeller: Labeller, path: Path, card: str) -> None:
    """Write a program for any batch, and sizes that divide by 32, from 64 on.

    Other sizes would need proofs that torch cannot give, or not in hours.

    Raises:
        ModelError: torch cannot export the network.
    """
    rows, columns = (
        torch.export.Dim(name, min=_MIN_MULTIPLES, max=_MAX_MULTIPLES)
        for name in ("rows", "columns")
    )
    shapes = {
        0: torch.export.Dim("batch", min=1),
        1: SIZE_MULTIPLE * rows,
        2: SIZE_MULTIPLE * columns,
    }
    _settle_padding(labeller)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's, about its own insides
            program = torch.export.export(
                labeller, (sample_pictures(),), dynamic_shapes=(shapes,)
            )
            torch.export.save(program, path, extra_files={"model_card.json": card})
    except (RuntimeError, torch._dynamo.exc.UserError) as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(f"torch cannot export the network: {reason}") from error


def open_program(path: Path) -> Labelling:
    """Open a program in torch, on the CPU."""
    program = torch.export.load(path).module()

    def label(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        labels: NDArray[np.uint8] = program(torch.from_numpy(pictures)).numpy()
        return labels

    return label


def _settle_padding(module: nn.Module) -> None:
    """Fix the padding of timm's convolutions that choose it by the size they see.

    TensorFlow's ``same`` pads what the stride leaves; where sizes divide by it, that is
    the same for all of them.
    """
    from timm.layers.conv2d_same import Conv2dSame

    for name, child in list(module.named_children()):
        if isinstance(child, Conv2dSame):
            setattr(module, name, _padded(child))
        else:
            _settle_padding(child)


def _padded(conv: nn.Conv2d) -> nn.Sequential:
    kernel, stride = conv.kernel_size[0], conv.stride[0]  # square, both
    total = kernel - stride
    before = total // 2
    plain = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        kernel,
        stride,
        groups=conv.groups,
        bias=conv.bias is not None,
    )
    plain.weight, plain.bias = conv.weight, conv.bias
    sides = (before, total - before)
    return nn.Sequential(nn.ZeroPad2d((*sides, *sides)), plain)
