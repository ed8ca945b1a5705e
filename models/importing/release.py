"""The networks of the FCN release, as caffe and as pytorch-fcn have them.

Both name their layers alike: conv1_1 to fc7, score_fr, score_pool4, upscore2, ...
"""

from __future__ import annotations

from typing import NoReturn

import torch
from torch import Tensor

from maskstream.models.backbones import Colours
from maskstream.models.importing.plan import Plan, Tensors, count_classes
from maskstream.models.upscore import bilinear_kernel
from maskstream.pipeline.errors import ModelError

__all__ = ["UNSUPPORTED", "plan_release", "refuse_release"]

UNSUPPORTED = {
    "score_fr_geo.weight": (
        "siftflow-fcn*, which scores classes and geometry apart; --model vgg16 takes "
        "its backbone alone"
    ),
    "score_frhha.weight": "nyud-fcn32s-color-hha, which has a trunk for depth too",
    "conv1_1_bgrd.weight": "nyud-fcn32s-color-d, which sees depth beside colours",
}
"""Networks of the release that are none here, by a tensor that no other has."""

_OF_NYUD = (
    "40 classes, so read as nyud-fcn32s-color with the mean colour of NYUDv2; "
    "nyud-fcn32s-hha has the same tensors, and sees depth for colours"
)
_FIRST = {"conv1_1.weight": "vgg16", "conv1.weight": "alexnet"}
_LAST_STEPS = ("upscore8", "upscore16", "upscore")
_SCALES = {"scale_pool4.weight": 0.01, "scale_pool3.weight": 0.0001}
_NUM_NYUD = 40
_DENSE = ("fc6", "fc7")  # each the first of a sequence here


def plan_release(tensors: Tensors) -> Plan | None:
    """Read FCN-32s, 16s, 8s and 8s at-once on VGG16, and FCN-32s on AlexNet.

    Raises:
        ModelError: classes cannot be counted, or scales are not those of the release.
    """
    backbone = next((_FIRST[name] for name in _FIRST if name in tensors), None)
    if backbone is None:
        return None
    stride = 32
    if "score_pool4.weight" in tensors:
        stride = 8 if "score_pool3.weight" in tensors else 16
    is_at_once = "scale_pool4.weight" in tensors
    name = f"fcn{stride}s{'-atonce' if is_at_once else ''}-{backbone}-paper"
    names = {theirs: _rename(theirs) for theirs in tensors}
    aside = {}
    for theirs, scale in _SCALES.items():
        if names.pop(theirs, None) is None:
            continue
        if not torch.isclose(tensors[theirs].float(), torch.tensor(scale)).all():
            raise ModelError(
                f"{theirs} is not {scale} throughout, as in voc-fcn8s-atonce"
            )
        aside[theirs] = "a constant of the network"
    for step in _LAST_STEPS:
        theirs = f"{step}.weight"
        if theirs not in tensors:
            continue
        if _is_bilinear(tensors[theirs]):
            del names[theirs]
            aside[theirs] = "it is bilinear, which every network's last step is"
        else:
            names[theirs] = "upscore.weight"
            name += ",upsampling=learned-all"
    num_classes = count_classes(tensors, "score_fr.weight")
    notes = _tell_at_once(name) if stride == 8 and not is_at_once else ()
    if num_classes == _NUM_NYUD:
        notes += (_OF_NYUD,)
    return Plan(
        name,
        names,
        num_classes=num_classes,
        aside=aside,
        colours=Colours.NYUD if num_classes == _NUM_NYUD else Colours.FCN,
        notes=notes,
    )


def refuse_release(tensors: Tensors) -> NoReturn:
    """Name the network of the release that has more than one input or output.

    Raises:
        ModelError: always.
    """
    network = next(UNSUPPORTED[mark] for mark in UNSUPPORTED if mark in tensors)
    raise ModelError(f"no network here is {network}")


def _tell_at_once(name: str) -> tuple[str, ...]:
    """Warn of what the names of pytorch-fcn's tensors cannot tell."""
    other = name.replace("fcn8s-", "fcn8s-atonce-")
    return (f"weights learnt at once have the same names; --model {other} takes them",)


def _rename(theirs: str) -> str:
    layer, _, kind = theirs.rpartition(".")
    if layer.startswith("conv"):
        return f"backbone.{theirs}"
    return f"{layer}.0.{kind}" if layer in _DENSE else theirs


def _is_bilinear(weight: Tensor) -> bool:
    """Tell whether a deconvolution only interpolates, each class by itself."""
    if weight.ndim != 4:
        return False
    num_classes, num_inputs, height, width = weight.shape
    if num_inputs != num_classes or height != width:
        return False
    bilinear = torch.eye(num_classes)[:, :, None, None] * bilinear_kernel(height)
    return torch.allclose(weight.float(), bilinear, atol=1e-6)
