"""What the benchmark of the GPU measures, at full size and to see that it runs."""

from __future__ import annotations

from dataclasses import dataclass

import torch

__all__ = ["FULL", "SMOKE", "Sizes"]

LECTURE, PAPER, RESNET = "fcn8s-vgg16-lecture", "fcn8s-vgg16-paper", "fcn_resnet50"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Networks, their inputs, and how long to look at each."""

    device: torch.device
    networks: tuple[str, ...]
    precisions: tuple[str, ...]
    batches: tuple[int, ...]
    compiled_batches: tuple[int, ...]
    """Those that torch.compile is tried with, which takes half a minute each."""
    input_hw: tuple[int, int]
    frame_hw: tuple[int, int]
    """Of the frames that the kernels are tried with."""
    streams: tuple[int, ...]
    """How many are run at the same time."""
    seconds: float
    """For each figure."""


FULL = Sizes(
    device=torch.device("cuda:0"),
    networks=(LECTURE, PAPER, RESNET),
    precisions=("bf16", "fp16"),
    batches=(8, 16, 32, 1, 2, 4),
    compiled_batches=(8,),
    input_hw=(512, 1024),
    frame_hw=(1080, 1920),
    streams=(1, 4),
    seconds=0.4,
)
SMOKE = Sizes(
    device=torch.device("cpu"),
    networks=("fcn8s-lite0-slim",),
    precisions=("fp32",),
    batches=(1, 2),
    compiled_batches=(),
    input_hw=(32, 64),
    frame_hw=(54, 96),
    streams=(2,),
    seconds=0.01,
)
