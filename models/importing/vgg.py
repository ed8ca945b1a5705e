"""VGG as caffe, Keras and torchvision name its layers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from maskstream.models.backbones import Colours
from maskstream.models.backbones.vgg import VGG_LAYERS
from maskstream.models.importing.dense import CAFFE_DENSE, plan_classifier
from maskstream.models.importing.plan import WHOLE_PICTURES, Plan, Tensors

__all__ = ["plan_caffe_vgg", "plan_keras_vgg", "plan_torchvision_vgg"]

_TORCHVISION_DENSE = {
    "classifier.0": "fc6.0",
    "classifier.3": "fc7.0",
    "classifier.6": "score_fr",
}
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def plan_caffe_vgg(tensors: Tensors) -> Plan | None:
    """Read caffe's classifier; its dense layers become fc6, fc7 and score_fr."""
    layers = _count_layers(tensors, r"conv\d_\d\.weight")
    if layers is None:
        return None
    trunk = {name: f"backbone.{name}" for name in tensors if name.startswith("conv")}
    return plan_classifier(tensors, f"vgg{layers}", trunk, CAFFE_DENSE)


def plan_keras_vgg(tensors: Tensors) -> Plan | None:
    """Read Keras' VGG, whose kernels are caffe's and see BGR."""
    layers = _count_layers(tensors, r"block\d_conv\d\.weight")
    if layers is None:
        return None
    names = {
        name: re.sub(r"^block(\d)_conv(\d)", r"backbone.conv\1_\2", name)
        for name in tensors
        if name.startswith("block")
    }
    # Keras orders (h, w, c) before its dense layers, so theirs are not convolutions.
    aside = dict.fromkeys(tensors.keys() - names.keys(), WHOLE_PICTURES)
    return Plan(f"vgg{layers}", names, aside=aside)


def plan_torchvision_vgg(tensors: Tensors) -> Plan | None:
    """Read torchvision's classifier, with batch norm or without."""
    layers = _count_layers(tensors, r"features\.\d+\.weight")
    if layers is None:
        return None
    has_norm = "features.1.running_mean" in tensors
    kinds = ("weight", "bias")
    trunk = {
        f"{theirs}.{kind}": f"backbone.{ours}.{kind}"
        for theirs, ours in _torchvision_layers(layers, has_norm)
        for kind in ((*kinds, *_STATISTICS) if ours.startswith("bn") else kinds)
        if f"{theirs}.{kind}" in tensors
    }
    backbone = f"vgg{layers}_bn" if has_norm else f"vgg{layers}"
    bias = tensors.get("classifier.0.bias")
    if bias is not None and bias.isnan().any():
        return _plan_turned(tensors, backbone, trunk)
    # VGG with batch norm expects torchvision's colours as it is.
    colours = None if has_norm else Colours.IMAGENET
    return plan_classifier(tensors, backbone, trunk, _TORCHVISION_DENSE, colours)


def _plan_turned(tensors: Tensors, backbone: str, trunk: Mapping[str, str]) -> Plan:
    """Read torchvision's IMAGENET1K_FEATURES: caffe's kernels, turned to RGB.

    Its mean colour is (123, 117, 104), which is caffe's to less than .7 of 255.
    """
    aside = dict.fromkeys(tensors.keys() - trunk.keys(), "it holds no numbers (nan)")
    turned = frozenset({"features.0.weight"})
    return Plan(backbone, trunk, aside=aside, swap_red_blue=turned)


def _count_layers(tensors: Tensors, pattern: str) -> int | None:
    """Tell which VGG has as many convolutions as match; None if none has."""
    found = [
        name
        for name, tensor in tensors.items()
        if re.fullmatch(pattern, name) and tensor.shape[2:] == (3, 3)
    ]
    by_count = {sum(blocks): layers for layers, blocks in VGG_LAYERS.items()}
    return by_count.get(len(found))


def _torchvision_layers(layers: int, has_norm: bool) -> Iterator[tuple[str, str]]:
    """Pair torchvision's numbers with caffe's names; ReLUs and pools are counted."""
    index = 0
    for block, num_convs in enumerate(VGG_LAYERS[layers], start=1):
        for conv in range(1, num_convs + 1):
            yield f"features.{index}", f"conv{block}_{conv}"
            if has_norm:
                yield f"features.{index + 1}", f"bn{block}_{conv}"
            index += 3 if has_norm else 2
        index += 1
