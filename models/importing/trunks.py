"""Classifiers of which the trunk alone has a place in a network here."""

from __future__ import annotations

from maskstream.models.importing.plan import WHOLE_PICTURES, Plan, Tensors
from maskstream.models.importing.target import open_target

__all__ = ["plan_efficientnet", "plan_googlenet", "plan_lite0", "plan_resnet"]

_RESNETS = (
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "wide_resnet50_2",
    "wide_resnet101_2",
)
_WITH_FEATURES = (  # the quick to build first
    "mobilenet_v3_small",
    "mobilenet_v3_large",
    "mobilenet_v2",
    *(f"efficientnet_b{size}" for size in range(8)),
    *(f"efficientnet_v2_{size}" for size in "sml"),
)


def plan_resnet(tensors: Tensors) -> Plan | None:
    """Read a ResNet of torchvision, of which timm's plain ones have the names too."""
    return _plan_trunk(tensors, _RESNETS)


def plan_googlenet(tensors: Tensors) -> Plan | None:
    """Read torchvision's GoogLeNet; the heads that helped to train it stay aside."""
    return _plan_trunk(tensors, ("googlenet",))


def plan_efficientnet(tensors: Tensors) -> Plan | None:
    """Read an EfficientNet or a MobileNet of torchvision."""
    return _plan_trunk(tensors, _WITH_FEATURES)


def plan_lite0(tensors: Tensors) -> Plan | None:
    """Read timm's tf_efficientnet_lite0."""
    return _plan_trunk(tensors, ("lite0",))


def _plan_trunk(tensors: Tensors, backbones: tuple[str, ...]) -> Plan | None:
    """Read the first backbone whose every kernel is there, and of its shape."""
    for backbone in backbones:
        target = open_target(backbone)
        names = {
            theirs: ours
            for theirs, ours in target.trunk_names.items()
            if theirs in tensors
        }
        shapes = {ours: tensors[theirs].shape for theirs, ours in names.items()}
        if target.needed.items() <= shapes.items():
            aside = dict.fromkeys(tensors.keys() - names.keys(), WHOLE_PICTURES)
            return Plan(backbone, names, aside=aside)
    return None
