"""What a network costs and how far it sees, without building it in memory."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from maskstream.models.build import build_model
from maskstream.models.fcn import FCN
from maskstream.models.receptive_field import receptive_field

__all__ = ["MEMBERS", "NetworkSummary", "summarise"]

MEMBERS = (
    "fcn32s-vgg16-paper",
    "fcn16s-vgg16-paper",
    "fcn8s-vgg16-paper",
    "fcn8s-atonce-vgg16-paper",
    "fcn32s-alexnet-paper",
    "fcn8s-vgg16-lecture",
    "fcn8s-vgg16-lecture,relu=no",
    "fcn8s-vgg16-slim",
    "fcn8s-vgg16_bn-slim",
    "fcn8s-googlenet-slim",
    "fcn8s-resnet50-slim",
    "fcn8s-efficientnet_b0-slim",
    "fcn8s-mobilenet_v3_large-slim",
    "fcn8s-lite0-slim",
    "fcn8s-resnet50-torchvision",
    "fcn8s-resnet101-torchvision",
    "fcn8s-resnet50_v1c-mmseg",
)
"""Those that people ask for; any backbone and head can be put together."""


@dataclass(frozen=True, slots=True)
class NetworkSummary:
    """A network in numbers."""

    name: str
    parameters: int
    gflop: float
    """Of one picture; a multiplication and an addition are two. The last bilinear step
    is in it only where it is learned."""
    receptive_field: int | None
    """Side of what the deepest score sees, in pixels; None where that is all."""
    stride: int


def summarise(name: str, num_classes: int, size_hw: tuple[int, int]) -> NetworkSummary:
    """Count what the network of a name has, does and sees.

    Args:
        name: what `build_model` knows.
        num_classes: of the scores.
        size_hw: of the picture.

    Raises:
        ModelError: there is no such network.
    """
    with torch.device("meta"):
        model = build_model(name, num_classes).eval()
        pictures = torch.empty(1, 3, *size_hw)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(pictures)
    return NetworkSummary(
        name=name,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        gflop=counter.get_total_flops() / 1e9,
        receptive_field=receptive_field(lambda x: _score_deepest(model, x)),
        stride=model.stride,
    )


def _score_deepest(model: FCN, pictures: Tensor) -> Tensor:
    """Score (N, 3, H, W) pictures without the skips."""
    features = model.backbone.features(model.backbone.normalise(pictures))
    scores: Tensor = model.score_fr(model.fc7(model.fc6(features[-1])))
    return scores
