"""AlexNet as caffe and torchvision name its layers."""

from __future__ import annotations

from dataclasses import replace

from maskstream.models.importing.dense import CAFFE_DENSE, plan_classifier
from maskstream.models.importing.plan import Plan, Tensors
from maskstream.models.importing.target import open_target

__all__ = ["plan_caffe_alexnet", "plan_torchvision_alexnet"]

_TORCHVISION_DENSE = {
    "classifier.1": "fc6.0",
    "classifier.4": "fc7.0",
    "classifier.6": "score_fr",
}


def plan_caffe_alexnet(tensors: Tensors) -> Plan | None:
    """Read CaffeNet, the AlexNet of the FCN release.

    Caffe's own AlexNet normalises before it pools, and no tensor tells them apart.
    """
    trunk = open_target("alexnet").trunk_names
    plan = plan_classifier(tensors, "alexnet", trunk, CAFFE_DENSE)
    note = "read as CaffeNet, which pools before it normalises, as the FCN release does"
    return replace(plan, notes=(*plan.notes, note))


def plan_torchvision_alexnet(tensors: Tensors) -> Plan | None:
    """Read torchvision's AlexNet, which is narrower and has no groups."""
    trunk = open_target("alexnet_torchvision").trunk_names
    return plan_classifier(tensors, "alexnet_torchvision", trunk, _TORCHVISION_DENSE)
