"""Every format of weights known here, by the tensors that give it away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maskstream.models.importing.alexnet import (
    plan_caffe_alexnet,
    plan_torchvision_alexnet,
)
from maskstream.models.importing.dilated import (
    plan_mmsegmentation,
    plan_torchvision_fcn,
)
from maskstream.models.importing.plan import Plan, Tensors
from maskstream.models.importing.release import (
    UNSUPPORTED,
    plan_release,
    refuse_release,
)
from maskstream.models.importing.trunks import (
    plan_efficientnet,
    plan_googlenet,
    plan_lite0,
    plan_resnet,
)
from maskstream.models.importing.vgg import (
    plan_caffe_vgg,
    plan_keras_vgg,
    plan_torchvision_vgg,
)

__all__ = ["FORMATS", "Format", "recognise"]


@dataclass(frozen=True, slots=True)
class Format:
    """One way of naming the tensors of a network."""

    name: str
    marks: tuple[str, ...]
    """Tensors that every file of this format has."""
    plan: Callable[[Tensors], Plan | None]
    """None where the marks are there and the rest is something else; an error where
    the network is known and cannot be one here."""


FORMATS = (
    Format(
        "torchvision FCN",
        ("backbone.layer4.0.conv1.weight", "classifier.4.weight"),
        plan_torchvision_fcn,
    ),
    Format(
        "mmsegmentation FCN",
        ("decode_head.convs.1.conv.weight", "decode_head.conv_cat.conv.weight"),
        plan_mmsegmentation,
    ),
    *(Format("FCN release", (mark,), refuse_release) for mark in UNSUPPORTED),
    Format(
        "FCN release (caffe, pytorch-fcn)",
        ("fc6.weight", "score_fr.weight"),
        plan_release,
    ),
    Format("caffe VGG", ("conv1_1.weight", "conv5_2.weight"), plan_caffe_vgg),
    Format("caffe AlexNet", ("conv1.weight", "conv5.weight"), plan_caffe_alexnet),
    Format("Keras VGG", ("block1_conv1.weight",), plan_keras_vgg),
    Format(
        "torchvision VGG",
        ("features.0.weight", "features.0.bias"),
        plan_torchvision_vgg,
    ),
    Format(
        "torchvision AlexNet",
        ("features.6.weight", "features.10.weight"),
        plan_torchvision_alexnet,
    ),
    Format(
        "torchvision ResNet",
        ("conv1.weight", "layer4.0.conv1.weight"),
        plan_resnet,
    ),
    Format(
        "torchvision GoogLeNet",
        ("conv1.conv.weight", "inception3a.branch1.conv.weight"),
        plan_googlenet,
    ),
    Format(
        "torchvision EfficientNet or MobileNet",
        ("features.0.0.weight", "features.0.1.running_mean"),
        plan_efficientnet,
    ),
    Format("timm EfficientNet-Lite0", ("conv_stem.weight",), plan_lite0),
)


def recognise(tensors: Tensors) -> tuple[str, Plan] | None:
    """Tell the format of a file's tensors, and what network they are.

    Raises:
        ModelError: it is known, and no network here.
    """
    for format_ in FORMATS:
        if all(mark in tensors for mark in format_.marks):
            plan = format_.plan(tensors)
            if plan is not None:
                return format_.name, plan
    return None
