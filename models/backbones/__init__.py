"""Networks that turn pictures into features at strides 8, 16 and 32, by name."""

from __future__ import annotations

from maskstream.models.backbones.alexnet import AlexNet
from maskstream.models.backbones.base import Backbone, Colours, Features
from maskstream.models.backbones.build import build_backbone
from maskstream.models.backbones.classifiers import Timm, Torchvision
from maskstream.models.backbones.dilated import DilatedResNet
from maskstream.models.backbones.vgg import VGG

__all__ = [
    "VGG",
    "AlexNet",
    "Backbone",
    "Colours",
    "DilatedResNet",
    "Features",
    "Timm",
    "Torchvision",
    "build_backbone",
]
