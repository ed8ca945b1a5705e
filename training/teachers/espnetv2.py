"""ESPNetv2 (s=2.0) for segmentation, its parts named as in the released state dicts.

Encoder: Mehta et al., "ESPNetv2: A Light-weight, Power Efficient, and General Purpose
Convolutional Neural Network", CVPR 2019, section 3. Decoder: the efficient pyramid
pooling of Mehta et al., "DiCENet: Dimension-wise Convolutions for Efficient Networks",
section 4.
"""

from __future__ import annotations

import math
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_WIDTHS = (32, 128, 256, 512)  # at strides 2, 4, 8 and 16
_BRANCHES = 4

STRIDE = 16
"""Pictures must have sides of a multiple of this."""


class ESPNetv2(nn.Module):
    """Pictures to class scores at their own size."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        widths = (64, 48, 32)
        pooled = min(num_classes // 2, 16)
        self.base_net = _Encoder()
        self.bu_dec_l1 = _PyramidPool(_WIDTHS[3], pooled, widths[0])
        self.bu_dec_l2 = _PyramidPool(widths[0], pooled, widths[1])
        self.bu_dec_l3 = _PyramidPool(widths[1], pooled, widths[2])
        self.bu_dec_l4 = _PyramidPool(widths[2], pooled, num_classes, is_last=True)
        self.merge_enc_dec_l2 = _Gated(_WIDTHS[2], widths[0])
        self.merge_enc_dec_l3 = _Gated(_WIDTHS[1], widths[1])
        self.merge_enc_dec_l4 = _Gated(_WIDTHS[0], widths[2])
        self.bu_br_l2 = _norm_act(widths[0])
        self.bu_br_l3 = _norm_act(widths[1])
        self.bu_br_l4 = _norm_act(widths[2])

    def forward(self, pixels: Tensor) -> Tensor:
        """Score each pixel.

        Args:
            pixels: (N, 3, H, W) RGB, normalised with ImageNet's mean and deviation;
                both sides a multiple of STRIDE.

        Returns:
            (N, K, H, W) scores.
        """
        stride2, stride4, stride8, stride16 = self.base_net(pixels)
        x = self.bu_dec_l1(stride16)
        x = self.bu_dec_l2(self.bu_br_l2(self.merge_enc_dec_l2(stride8) + _double(x)))
        x = self.bu_dec_l3(self.bu_br_l3(self.merge_enc_dec_l3(stride4) + _double(x)))
        x = self.bu_dec_l4(self.bu_br_l4(self.merge_enc_dec_l4(stride2) + _double(x)))
        height, width = pixels.shape[-2:]
        return _resize(x, (height, width))


class _Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.level1 = _conv_norm_act(3, _WIDTHS[0], 3, stride=2)
        self.level2_0 = _Downsampler(_WIDTHS[0], _WIDTHS[1], max_kernel=13)
        self.level3_0 = _Downsampler(_WIDTHS[1], _WIDTHS[2], max_kernel=11)
        self.level3 = _units(_WIDTHS[2], 3, max_kernel=9)
        self.level4_0 = _Downsampler(_WIDTHS[2], _WIDTHS[3], max_kernel=9)
        self.level4 = _units(_WIDTHS[3], 7, max_kernel=7)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        stride2 = self.level1(pixels)
        stride4 = self.level2_0(stride2, pixels)
        stride8 = self.level3(self.level3_0(stride4, pixels))
        stride16 = self.level4(self.level4_0(stride8, pixels))
        return stride2, stride4, stride8, stride16


class _Unit(nn.Module):
    """Project, look at several dilations at once, fuse them in order, expand."""

    def __init__(self, width_in: int, width: int, *, stride: int, max_kernel: int):
        super().__init__()
        branch = width // _BRANCHES
        kernels = (3 + 2 * index for index in range(_BRANCHES))
        dilations = sorted((k - 1) // 2 if k <= max_kernel else 1 for k in kernels)
        self.proj_1x1 = _conv_norm_act(width_in, branch, 1, groups=_BRANCHES)
        self.spp_dw = nn.ModuleList(
            _named(
                conv=nn.Conv2d(
                    branch, branch, 3, stride, d, d, groups=branch, bias=False
                )
            )
            for d in dilations
        )
        self.br_after_cat = _named(bn=nn.BatchNorm2d(width), act=nn.PReLU(width))
        self.conv_1x1_exp = _conv_norm(width, width, 1, groups=_BRANCHES)
        self.module_act = nn.PReLU(width)  # stored, unused, where the stride is 2
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        projected = self.proj_1x1(x)
        branches = [self.spp_dw[0](projected)]
        for dilated in list(self.spp_dw)[1:]:
            branches.append(dilated(projected) + branches[-1])
        expanded: Tensor = self.conv_1x1_exp(self.br_after_cat(torch.cat(branches, 1)))
        if self.stride == 2:
            return expanded
        activated: Tensor = self.module_act(expanded + x)
        return activated


class _Downsampler(nn.Module):
    """Halve the features, reminded of the picture itself."""

    def __init__(self, width_in: int, width: int, *, max_kernel: int) -> None:
        super().__init__()
        self.eesp = _Unit(width_in, width - width_in, stride=2, max_kernel=max_kernel)
        self.inp_reinf = nn.Sequential(_conv_norm_act(3, 3, 3), _conv_norm(3, width, 1))
        self.act = nn.PReLU(width)

    def forward(self, x: Tensor, pixels: Tensor) -> Tensor:
        halved = torch.cat([_halve(x), self.eesp(x)], 1)
        while pixels.shape[-2:] != halved.shape[-2:]:
            pixels = _halve(pixels)
        activated: Tensor = self.act(halved + self.inp_reinf(pixels))
        return activated


class _PyramidPool(nn.Module):
    """Depth-wise filters over five scales of the same features."""

    def __init__(
        self, width_in: int, pooled: int, width: int, *, is_last: bool = False
    ) -> None:
        super().__init__()
        self.scales = (2.0, 1.5, 1.0, 0.5, 0.1)
        self.projection_layer = _cbr(width_in, pooled, 1)
        self.stages = nn.ModuleList(
            nn.Conv2d(pooled, pooled, 3, 1, 1, groups=pooled, bias=False)
            for _ in self.scales
        )
        self.merge_layer = nn.Sequential(
            _named(br=_norm_act(pooled * len(self.scales))),
            nn.ChannelShuffle(len(self.scales)),
            _cbr(pooled * len(self.scales), pooled, 3, groups=pooled),
            nn.Conv2d(pooled, width, 1, bias=is_last),
        )
        self.br = nn.Identity() if is_last else _named(br=_norm_act(width))

    def forward(self, x: Tensor) -> Tensor:
        x = self.projection_layer(x)
        height, width = x.shape[-2:]
        scaled = []
        for scale, stage in zip(self.scales, self.stages, strict=True):
            rows, columns = (max(math.ceil(n * scale), 5) for n in (height, width))
            if scale < 1:
                y = stage(F.adaptive_avg_pool2d(x, (rows, columns)))
                y = _resize(y, (height, width))
            elif scale > 1:
                y = stage(_resize(x, (rows, columns)))
                y = F.adaptive_avg_pool2d(y, (height, width))
            else:
                y = stage(x)
            scaled.append(y)
        merged: Tensor = self.br(self.merge_layer(torch.cat(scaled, 1)))
        return merged


class _Gated(nn.Module):
    """Encoder features at the decoder's width, weighed by their own mean."""

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.wt_layer = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(width_in, width, 1, bias=False),
            nn.Sigmoid(),
        )
        groups = math.gcd(width_in, width)
        self.expansion_layer = _cbr(width_in, width, 3, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        gated: Tensor = self.expansion_layer(x) * self.wt_layer(x)
        return gated


def _units(width: int, count: int, *, max_kernel: int) -> nn.Sequential:
    return nn.Sequential(
        *(_Unit(width, width, stride=1, max_kernel=max_kernel) for _ in range(count))
    )


def _named(**modules: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict(modules))


def _conv(
    width_in: int, width: int, kernel: int, *, stride: int = 1, groups: int = 1
) -> nn.Conv2d:
    return nn.Conv2d(
        width_in, width, kernel, stride, kernel // 2, groups=groups, bias=False
    )


def _conv_norm(
    width_in: int, width: int, kernel: int, *, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    conv = _conv(width_in, width, kernel, stride=stride, groups=groups)
    return _named(conv=conv, bn=nn.BatchNorm2d(width))


def _conv_norm_act(
    width_in: int, width: int, kernel: int, *, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    block = _conv_norm(width_in, width, kernel, stride=stride, groups=groups)
    block.add_module("act", nn.PReLU(width))
    return block


def _norm_act(width: int) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm2d(width), nn.PReLU(width))


def _cbr(width_in: int, width: int, kernel: int, *, groups: int = 1) -> nn.Sequential:
    conv = _conv(width_in, width, kernel, groups=groups)
    return _named(cbr=nn.Sequential(conv, *_norm_act(width)))


def _halve(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, stride=2, padding=1)


def _double(x: Tensor) -> Tensor:
    height, width = x.shape[-2:]
    return _resize(x, (2 * height, 2 * width))


def _resize(x: Tensor, size_hw: tuple[int, int]) -> Tensor:
    return F.interpolate(x, size_hw, mode="bilinear", align_corners=True)
