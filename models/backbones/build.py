"""Backbones by name."""

from __future__ import annotations

import re

from maskstream.models.backbones.alexnet import ALEXNETS, AlexNet
from maskstream.models.backbones.base import Backbone, Colours
from maskstream.models.backbones.classifiers import Timm, Torchvision
from maskstream.models.backbones.dilated import DilatedResNet
from maskstream.models.backbones.vgg import VGG, VGG_LAYERS
from maskstream.pipeline.errors import ModelError

__all__ = ["build_backbone"]

_PAPER_PADDING = 100


def build_backbone(
    name: str,
    *,
    wide_border: bool = False,
    dilated: bool = False,
    colours: Colours | None = None,
) -> Backbone:
    """Build a backbone by name, with random weights.

    Args:
        name: ``vgg11`` to ``vgg19`` and ``vgg11_bn`` to ``vgg19_bn``, ``alexnet``
            (caffe's), ``alexnet_torchvision``, ``lite0``, ``timm:NAME``, or another
            classifier of torchvision.
        wide_border: pad the picture by 100, as the paper does; VGG and AlexNet can.
        dilated: keep stride 8 to the end, as torchvision's FCN does; its ResNets can.
        colours: None takes those of its usual ImageNet weights.

    Raises:
        ModelError: there is no such backbone, or it cannot be padded or dilated so.
    """
    if dilated:
        return DilatedResNet(name, colours=colours or Colours.IMAGENET)
    vgg = re.fullmatch(r"vgg(\d\d)(_bn)?", name)
    if vgg is not None and int(vgg[1]) in VGG_LAYERS:
        with_norm = vgg[2] is not None
        # Only torchvision has weights with batch norm, and it wants its own colours.
        default = Colours.IMAGENET if with_norm else Colours.CAFFE
        return VGG(
            int(vgg[1]),
            batch_norm=with_norm,
            padding=_PAPER_PADDING if wide_border else 1,
            colours=colours or default,
        )
    if name in ALEXNETS:
        padding = _PAPER_PADDING if wide_border else AlexNet.usual_padding
        return AlexNet(name, padding=padding, colours=colours)
    if wide_border:
        raise ModelError(
            f"{name} cannot have the paper's head, whose border of 100 pixels only "
            "VGG and AlexNet take; lecture and slim are the other heads"
        )
    colours = colours or Colours.IMAGENET
    if name == "lite0":
        return Timm("tf_efficientnet_lite0", colours=colours)
    if name.startswith("timm:"):
        return Timm(name.removeprefix("timm:"), colours=colours)
    return Torchvision(name, colours=colours)
