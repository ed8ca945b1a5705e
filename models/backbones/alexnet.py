"""AlexNet: caffe's, which the FCN release uses, and torchvision's."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from maskstream.models.backbones.base import Backbone, Colours, Features
from maskstream.models.geometry import ScoreGrid

__all__ = ["ALEXNETS", "AlexNet"]


@dataclass(frozen=True, slots=True)
class _Form:
    """What AlexNets differ in."""

    widths: tuple[int, int, int, int, int]
    num_groups: int
    """Of the second, the fourth and the fifth convolution."""
    has_local_norm: bool
    """After the first two pools."""
    colours: Colours
    """Of its usual ImageNet weights."""
    usual_names: tuple[str, ...]
    """Of the convolutions, in files of ImageNet weights."""


ALEXNETS = {
    # voc-fcn-alexnet/train.prototxt of the release
    "alexnet": _Form(
        widths=(96, 256, 384, 384, 256),
        num_groups=2,
        has_local_norm=True,
        colours=Colours.FCN,
        usual_names=("conv1", "conv2", "conv3", "conv4", "conv5"),
    ),
    # A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks",
    # 2014
    "alexnet_torchvision": _Form(
        widths=(64, 192, 384, 256, 256),
        num_groups=1,
        has_local_norm=False,
        colours=Colours.IMAGENET,
        usual_names=tuple(f"features.{place}" for place in (0, 3, 6, 8, 10)),
    ),
}


class AlexNet(Backbone):
    """The five convolutions of AlexNet and its three pools."""

    fc6_kernel = 6
    usual_padding = 5  # sizes that divide by 32 then halve without a rest

    def __init__(
        self,
        name: str = "alexnet",
        *,
        padding: int = usual_padding,
        colours: Colours | None = None,
    ) -> None:
        """Build one of `ALEXNETS`.

        Args:
            name: of the form.
            padding: at the first convolution: 100 in the paper.
            colours: None takes those of its usual ImageNet weights.
        """
        form = ALEXNETS[name]
        super().__init__(name, colours or form.colours)
        self._form = form
        self._padding = padding
        one, two, three, four, five = form.widths
        groups = form.num_groups
        self.channels = (one, two, five)
        self.conv1 = nn.Conv2d(3, one, 11, stride=4, padding=padding)
        self.conv2 = nn.Conv2d(one, two, 5, padding=2, groups=groups)
        self.conv3 = nn.Conv2d(two, three, 3, padding=1)
        self.conv4 = nn.Conv2d(three, four, 3, padding=1, groups=groups)
        self.conv5 = nn.Conv2d(four, five, 3, padding=1, groups=groups)

    @property
    def grids(self) -> tuple[ScoreGrid, ScoreGrid, ScoreGrid]:
        """Place of the three pools on the picture."""
        conv1 = ScoreGrid(1, 0.0).convolved(11, 4, self._padding)
        pool1 = conv1.convolved(3, 2)
        pool2 = pool1.convolved(3, 2)
        return pool1, pool2, pool2.convolved(3, 2)

    def features(self, x: Tensor) -> Features:
        """Compute the three pools of (N, 3, H, W) normalised pictures."""
        pool1 = self._normalise_locally(_pool(F.relu(self.conv1(x))))
        pool2 = self._normalise_locally(_pool(F.relu(self.conv2(pool1))))
        x = F.relu(self.conv3(pool2))
        x = F.relu(self.conv4(x))
        return pool1, pool2, _pool(F.relu(self.conv5(x)))

    def trunk_names(self) -> dict[str, str]:
        """Map the names in a file of ImageNet weights to the names here."""
        return {
            f"{theirs}.{kind}": f"conv{index}.{kind}"
            for index, theirs in enumerate(self._form.usual_names, start=1)
            for kind in ("weight", "bias")
        }

    def _normalise_locally(self, x: Tensor) -> Tensor:
        if not self._form.has_local_norm:
            return x
        return F.local_response_norm(x, 5, alpha=1e-4, beta=0.75)


def _pool(x: Tensor) -> Tensor:
    # Torchvision rounds down; pictures of 224 pixels leave no rest.
    return F.max_pool2d(x, 3, 2, ceil_mode=True)
