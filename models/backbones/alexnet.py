"""AlexNet as the FCN release uses it (caffe's, in two groups)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from maskstream.models.backbones.base import Backbone, Colours, Features
from maskstream.models.geometry import ScoreGrid

__all__ = ["AlexNet"]


class AlexNet(Backbone):
    """The five convolutions of AlexNet (voc-fcn-alexnet/train.prototxt)."""

    channels = (96, 256, 256)
    fc6_kernel = 6
    usual_padding = 5  # sizes that divide by 32 then halve without a rest

    def __init__(
        self, *, padding: int = usual_padding, colours: Colours = Colours.CAFFE
    ) -> None:
        """Build with ``padding`` at the first convolution: 100 in the paper."""
        super().__init__("alexnet", colours)
        self._padding = padding
        self.conv1 = nn.Conv2d(3, 96, 11, stride=4, padding=padding)
        self.conv2 = nn.Conv2d(96, 256, 5, padding=2, groups=2)
        self.conv3 = nn.Conv2d(256, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 384, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1, groups=2)

    @property
    def grids(self) -> tuple[ScoreGrid, ScoreGrid, ScoreGrid]:
        """Place of the three pools on the picture."""
        conv1 = ScoreGrid(1, 0.0).convolved(11, 4, self._padding)
        pool1 = conv1.convolved(3, 2)
        pool2 = pool1.convolved(3, 2)
        return pool1, pool2, pool2.convolved(3, 2)

    def features(self, x: Tensor) -> Features:
        """Compute the three pools of (N, 3, H, W) normalised pictures."""
        pool1 = _normalise(_pool(F.relu(self.conv1(x))))
        pool2 = _normalise(_pool(F.relu(self.conv2(pool1))))
        x = F.relu(self.conv3(pool2))
        x = F.relu(self.conv4(x))
        return pool1, pool2, _pool(F.relu(self.conv5(x)))


def _pool(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 3, 2, ceil_mode=True)


def _normalise(x: Tensor) -> Tensor:
    return F.local_response_norm(x, 5, alpha=1e-4, beta=0.75)
