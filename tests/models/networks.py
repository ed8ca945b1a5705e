"""Small networks with true geometry, for what does not depend on size."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from maskstream.models.architecture import Architecture
from maskstream.models.backbones import VGG, Backbone, Colours, Features
from maskstream.models.fcn import FCN
from maskstream.models.geometry import ScoreGrid

NUM_CLASSES = 5


class NarrowVGG(VGG):
    """VGG with the true geometry and an eighth of the channels."""

    channels = (32, 64, 64)
    widths = (8, 16, 32, 64, 64)


class TinyBackbone(Backbone):
    """One convolution for each stride, for what does not depend on the trunk."""

    channels = (4, 6, 8)

    def __init__(self) -> None:
        super().__init__("tiny", Colours.IMAGENET)
        self.conv3 = nn.Conv2d(3, 4, 8, stride=8)
        self.conv4 = nn.Conv2d(4, 6, 2, stride=2)
        self.conv5 = nn.Conv2d(6, 8, 2, stride=2)

    def features(self, x: Tensor) -> Features:
        """Compute one map for each stride."""
        pool3 = self.conv3(x)
        pool4 = self.conv4(pool3)
        return pool3, pool4, self.conv5(pool4)


class NearestColour(FCN):
    """Scores each 8x8 block of a picture by how near its mean is to five colours."""

    def __init__(self) -> None:
        super().__init__(
            TinyBackbone(), Architecture.parse("fcn8s-tiny-slim"), num_classes=5
        )
        self.score_grid = ScoreGrid.tiling(8)
        colours = torch.tensor(
            [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [128, 128, 128]]
        )
        colours = colours / 128 - 1
        # |x - c|^2 is least where x.c - |c|^2 / 2 is greatest.
        self.weight = nn.Parameter(colours[:, :, None, None])
        self.bias = nn.Parameter(-colours.square().sum(1) / 2)

    def forward_centred(self, pictures: Tensor) -> Tensor:
        """Score (N, 3, H, W) centred pictures; (N, 5, H // 8, W // 8)."""
        pictures = pictures + self.backbone.mean
        return F.conv2d(F.avg_pool2d(pictures / 128 - 1, 8), self.weight, self.bias)


def unsettle_norms(model: nn.Module) -> None:
    """Give batch norms weights and statistics as training leaves them."""
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, std=0.1)
            nn.init.normal_(layer.running_mean, std=0.1)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)


def tiny_fcn(name: str, num_classes: int = NUM_CLASSES) -> FCN:
    """Build the network of a name on the tiny backbone."""
    return FCN(TinyBackbone(), Architecture.parse(name), num_classes).eval()


def narrow_paper_fcn(name: str) -> FCN:
    """Build the network of a name on narrow VGG16, its upsampling not bilinear."""
    torch.manual_seed(0)
    architecture = Architecture.parse(name)
    colours = architecture.colours or Colours.CAFFE
    backbone = NarrowVGG(16, padding=100, colours=colours)
    model = FCN(backbone, architecture, NUM_CLASSES).eval()
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, nn.ConvTranspose2d):
                layer.weight.add_(0.1 * torch.randn_like(layer.weight))
    return model
