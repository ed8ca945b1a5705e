"""The arithmetic of inference that can be done beforehand.

A batch norm that follows a convolution is part of it; so is the constant factor of a
skip that is learnt at once. Dense layers without ReLU between them are one layer. The
spread and the order of colours go into the first convolution; their mean does not,
for the border is padded with zeros, and those are the mean.
"""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_weights

from maskstream.models.backbones.base import Spread
from maskstream.models.fcn import FCN
from maskstream.models.heads import Scale

__all__ = ["folded"]

logger = logging.getLogger(__name__)

_TOLERANCE = 1e-3  # of the largest score; rounding gives a hundredth of that
_LINEAR = nn.Conv2d, nn.Identity, nn.Dropout, nn.Dropout2d


@torch.no_grad()
def folded(model: FCN) -> FCN:
    """Copy a network for inference, with all folded that can be.

    Scores differ by rounding. A network whose convolutions are not what they seem,
    which share weights or compute with others than their own, is copied as it is.
    """
    network = copy.deepcopy(model).eval().requires_grad_(False)
    pictures = torch.linspace(0, 255, 3 * 64 * 64).reshape(1, 3, 64, 64)
    pictures = pictures.to(model.backbone.mean)
    calls, expected = _record(network, pictures)
    _fold_batch_norms(network, calls)
    _fold_colours(network, calls)
    _fold_scales(network)
    _fold_dense(network)
    error = (network(pictures) - expected).abs().max()
    if error <= _TOLERANCE * expected.abs().max():
        return network
    logger.info("nothing is folded: scores would differ by %.2g", error.item())
    return copy.deepcopy(model).eval().requires_grad_(False)


_Version = tuple[int, int]
"""Tells a tensor from others, and from itself before it was changed in place."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One use of a convolution or a batch norm."""

    name: str
    layer: nn.Module
    read: _Version
    made: _Version


def _record(network: FCN, pictures: Tensor) -> tuple[list[_Call], Tensor]:
    """Run the network; return the calls of its layers in order, and the scores."""
    calls: list[_Call] = []
    alive: list[Tensor] = []  # so that no two tensors have one id
    hooks = []
    for name, layer in network.named_modules():
        if not isinstance(layer, nn.Conv2d | _BatchNorm):
            continue

        def note(
            layer: nn.Module, inputs: tuple[Tensor], made: Tensor, name: str = name
        ) -> None:
            alive.extend((inputs[0], made))
            calls.append(_Call(name, layer, _version(inputs[0]), _version(made)))

        hooks.append(layer.register_forward_hook(note))
    scores: Tensor = network(pictures)
    for hook in hooks:
        hook.remove()
    return calls, scores


def _version(x: Tensor) -> _Version:
    return id(x), x._version


def _fold_batch_norms(network: FCN, calls: list[_Call]) -> None:
    """Let each batch norm be part of the convolution whose result it reads."""
    makers = {call.made: call.layer for call in calls}
    for call in calls:
        norm, conv = call.layer, makers.get(call.read)
        if not isinstance(norm, _BatchNorm) or not isinstance(conv, nn.Conv2d):
            continue
        assert norm.running_mean is not None
        assert norm.running_var is not None
        conv.weight, conv.bias = fuse_conv_bn_weights(
            conv.weight,
            conv.bias,
            norm.running_mean,
            norm.running_var,
            norm.eps,
            norm.weight,
            norm.bias,
        )
        # timm has norms that activate too.
        network.set_submodule(call.name, getattr(norm, "act", nn.Identity()))


def _fold_colours(network: FCN, calls: list[_Call]) -> None:
    """Let what reads the picture scale and order its colours."""
    spread = network.backbone.spread
    readers = [call.layer for call in calls if call.read == calls[0].read]
    convs = [layer for layer in readers if isinstance(layer, nn.Conv2d)]
    if not isinstance(spread, Spread) or not convs:
        return
    for conv in convs:
        weight = conv.weight.flip(1) if spread.is_bgr else conv.weight
        conv.weight = nn.Parameter(weight / spread.std, requires_grad=False)
    network.backbone.spread = nn.Identity()


def _fold_scales(network: FCN) -> None:
    """Let the first convolution of a skip scale what it reads; its bias stays."""
    for pool in ("pool4", "pool3"):
        scale = getattr(network, f"scale_{pool}", None)
        if isinstance(scale, Scale):
            skip: nn.Module = getattr(network, f"score_{pool}")
            conv = next(part for part in skip.modules() if isinstance(part, nn.Conv2d))
            conv.weight.mul_(scale.factor)
            setattr(network, f"scale_{pool}", nn.Identity())


def _fold_dense(network: FCN) -> None:
    """Make one convolution of fc6, fc7 and the scores, where no ReLU parts them."""
    layers = [*network.fc6.modules(), *network.fc7.modules(), network.score_fr]
    layers = [layer for layer in layers if not isinstance(layer, nn.Sequential)]
    if not all(isinstance(layer, _LINEAR) for layer in layers):
        return
    for layer in reversed(layers[:-1]):  # from the fewest channels on
        if isinstance(layer, nn.Conv2d):
            network.score_fr = _joined(layer, network.score_fr)
    network.fc6 = network.fc7 = nn.Identity()


def _joined(conv: nn.Conv2d, after: nn.Conv2d) -> nn.Conv2d:
    """Make one of a convolution and one of 1x1 after it."""
    assert conv.bias is not None
    assert after.bias is not None
    mix = after.weight.flatten(1)  # (outputs, channels between)
    height, width = conv.kernel_size
    both = nn.Conv2d(conv.in_channels, after.out_channels, (height, width))
    both.weight = nn.Parameter(torch.einsum("om,mihw->oihw", mix, conv.weight))
    both.bias = nn.Parameter(mix @ conv.bias + after.bias)
    return both.requires_grad_(False)
