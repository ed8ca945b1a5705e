"""What turns the deepest features into scores, and skips into scores of their own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from maskstream.models.architecture import Head
from maskstream.models.backbones import Backbone

__all__ = ["Scale", "build_auxiliary", "build_head", "build_skip"]


class Scale(nn.Module):
    """A constant factor, before a skip is scored."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Scale features of any shape."""
        return self.factor * x


def build_head(
    head: Head, backbone: Backbone, *, relu: bool
) -> tuple[nn.Module, nn.Module, int]:
    """Build fc6 and fc7, and say how many channels leave them."""
    channels = backbone.channels[-1]
    if head is Head.SLIM and backbone.slim_width is not None:
        width = backbone.slim_width
        # Nine of the 49 places of fc6's 7x7 window, as DeepLab-LargeFOV took them.
        fc6 = _window(channels, width, dilation=3)
        return fc6, nn.Sequential(_mix(width, width), nn.Dropout(0.1)), width
    if head is Head.SLIM:
        fc6 = nn.Sequential(
            nn.Conv2d(channels, channels, 7, padding=3, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            _mix(channels, 256),
        )
        return fc6, nn.Sequential(_mix(256, 256), nn.Dropout(0.1)), 256
    if head is Head.TORCHVISION:
        return _window(channels, channels // 4), nn.Dropout(0.1), channels // 4
    if head is Head.MMSEG:
        return _Beside(channels, channels // 4), nn.Dropout2d(0.1), channels // 4
    kernel = backbone.fc6_kernel if head is Head.PAPER else 1
    # The lecture notes drop whole channels, the release single elements.
    dropout = nn.Dropout(0.5) if head is Head.PAPER else nn.Dropout2d(0.5)
    fc6 = _dense(channels, kernel, relu, dropout)
    return fc6, _dense(4096, 1, relu, dropout), 4096


def build_auxiliary(num_inputs: int, num_classes: int) -> nn.Module:
    """Build the second head, which scores earlier features so that they learn more."""
    width = num_inputs // 4
    return nn.Sequential(
        *_window(num_inputs, width), nn.Dropout(0.1), nn.Conv2d(width, num_classes, 1)
    )


def build_skip(head: Head, num_inputs: int, num_classes: int) -> nn.Module:
    """Build what scores the features of a skip."""
    if head is not Head.SLIM:
        return nn.Conv2d(num_inputs, num_classes, 1)
    # Look around before scoring: narrow trunks leave few, linear features.
    return nn.Sequential(
        _mix(num_inputs, 96),
        nn.Conv2d(96, 96, 3, padding=1, groups=96, bias=False),
        nn.BatchNorm2d(96),
        nn.ReLU(inplace=True),
        nn.Conv2d(96, num_classes, 1),
    )


class _Beside(nn.Module):
    """Two convolutions, and one over what they made beside what they read.

    FCNHead of mmsegmentation, with num_convs=2 and concat_input=True.
    """

    def __init__(self, num_inputs: int, width: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(_window(num_inputs, width), _window(width, width))
        self.join = _window(num_inputs + width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Turn (N, C, h, w) features into (N, width, h, w)."""
        joined: Tensor = self.join(torch.cat([x, self.convs(x)], 1))
        return joined


def _window(num_inputs: int, num_outputs: int, *, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(
            num_inputs,
            num_outputs,
            3,
            padding=dilation,
            dilation=dilation,
            bias=False,
        ),
        nn.BatchNorm2d(num_outputs),
        nn.ReLU(inplace=True),
    )


def _dense(
    num_inputs: int, kernel: int, relu: bool, dropout: nn.Module
) -> nn.Sequential:
    """Make one of VGG's dense layers as a convolution."""
    return nn.Sequential(
        nn.Conv2d(num_inputs, 4096, kernel),
        nn.ReLU(inplace=True) if relu else nn.Identity(),
        dropout,
    )


def _mix(num_inputs: int, num_outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(num_inputs, num_outputs, 1, bias=False),
        nn.BatchNorm2d(num_outputs),
        nn.ReLU(inplace=True),
    )
