"""Networks by name."""

from __future__ import annotations

from maskstream.models.architecture import Architecture, Head
from maskstream.models.backbones import build_backbone
from maskstream.models.fcn import FCN

__all__ = ["build_model"]


def build_model(name: str, num_classes: int) -> FCN:
    """Build a network by name, with random weights.

    Raises:
        ModelError: there is no such network.
    """
    architecture = Architecture.parse(name)
    backbone = build_backbone(
        architecture.backbone,
        wide_border=architecture.head is Head.PAPER,
        dilated=architecture.head.is_dilated,
        colours=architecture.colours,
    )
    return FCN(backbone, architecture, num_classes)
