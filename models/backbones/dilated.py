"""ResNets that stop halving at stride 8 and look further apart instead."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from maskstream.models.backbones.base import Backbone, Colours, Features
from maskstream.models.backbones.classifiers import build_classifier
from maskstream.models.geometry import ScoreGrid
from maskstream.pipeline.errors import ModelError

__all__ = ["DilatedResNet"]


class DilatedResNet(Backbone):
    """A ResNet of torchvision with the strides of its last two layers dilated away.

    As in torchvision's fcn_resnet50 and fcn_resnet101: all three features have
    stride 8. ImageNet weights fit as they are, since dilation changes no shape. With
    ``_v1c`` behind its name the first convolution is three smaller ones, as in the
    ResNetV1c of mmsegmentation.
    """

    def __init__(self, name: str, *, colours: Colours = Colours.IMAGENET) -> None:
        """Build with random weights.

        Raises:
            ModelError: torchvision has no such ResNet, or it cannot be dilated.
        """
        from torchvision.models._utils import IntermediateLayerGetter

        super().__init__(name, colours)
        try:
            resnet: Any = build_classifier(
                name.removesuffix("_v1c"),
                replace_stride_with_dilation=[False, True, True],
            )
        except (ModelError, TypeError) as error:
            raise ModelError(
                f"{name} cannot have the head of torchvision or mmseg, which wants a "
                "ResNet of torchvision with bottlenecks, such as resnet50 or resnet101"
            ) from error
        if name.endswith("_v1c"):
            resnet.conv1 = _deep_stem()
        deepest: int = resnet.fc.in_features
        self.channels = (deepest // 4, deepest // 2, deepest)
        layers = {layer: layer for layer in ("layer2", "layer3", "layer4")}
        self.trunk = IntermediateLayerGetter(resnet, layers)

    @property
    def grids(self) -> tuple[ScoreGrid, ScoreGrid, ScoreGrid]:
        """Place of the features, whose cells tile the picture as torchvision says."""
        return ScoreGrid.tiling(8), ScoreGrid.tiling(8), ScoreGrid.tiling(8)

    def features(self, x: Tensor) -> Features:
        """Compute the last three layers of (N, 3, H, W) normalised pictures."""
        found = self.trunk(x)
        return found["layer2"], found["layer3"], found["layer4"]


def _deep_stem() -> nn.Sequential:
    """Make what stands for the 7x7 convolution; the norm after it stays."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(inplace=True),
        nn.Conv2d(32, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(inplace=True),
        nn.Conv2d(32, 64, 3, padding=1, bias=False),
    )
