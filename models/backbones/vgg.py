"""VGG, of which the FCN release uses the one with 16 layers."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from maskstream.models.backbones.base import Backbone, Colours, Features
from maskstream.models.geometry import ScoreGrid

__all__ = ["VGG", "VGG_LAYERS"]

VGG_LAYERS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
"""Convolutions in each of the five blocks, by the number of layers with weights."""


class VGG(Backbone):
    """The convolutions of VGG, a pool after each of the five blocks.

    Simonyan and Zisserman 2014; layers are named as in caffe's file.
    """

    channels = (256, 512, 512)
    slim_width = 512
    widths = (64, 128, 256, 512, 512)

    def __init__(
        self,
        layers: int = 16,
        *,
        batch_norm: bool = False,
        padding: int = 1,
        colours: Colours = Colours.CAFFE,
    ) -> None:
        """Build with ``padding`` at the first convolution: 100 in the paper."""
        super().__init__(f"vgg{layers}", colours)
        self._padding = padding
        self._blocks: list[list[str]] = []
        num_inputs = 3
        for block, (num_convs, width) in enumerate(
            zip(VGG_LAYERS[layers], self.widths, strict=True), start=1
        ):
            names = [f"{block}_{index}" for index in range(1, num_convs + 1)]
            for name in names:
                around = padding if name == "1_1" else 1
                conv = nn.Conv2d(num_inputs, width, 3, padding=around)
                self.add_module(f"conv{name}", conv)
                norm = nn.BatchNorm2d(width) if batch_norm else nn.Identity()
                self.add_module(f"bn{name}", norm)
                num_inputs = width
            self._blocks.append(names)

    @property
    def grids(self) -> tuple[ScoreGrid, ScoreGrid, ScoreGrid]:
        """Place of pool3, pool4 and pool5 on the picture."""
        grid = ScoreGrid(1, 0.0).convolved(3, padding=self._padding)
        pools = []
        for _ in self._blocks:
            grid = grid.convolved(2, stride=2)
            pools.append(grid)
        return pools[2], pools[3], pools[4]

    def features(self, x: Tensor) -> Features:
        """Compute pool3, pool4 and pool5 of (N, 3, H, W) normalised pictures."""
        pools = []
        for names in self._blocks:
            for name in names:
                x = self.get_submodule(f"conv{name}")(x)
                x = F.relu(self.get_submodule(f"bn{name}")(x))
            # Caffe rounds up; where sizes divide by 32 the rounding does not matter.
            x = F.max_pool2d(x, 2, ceil_mode=True)
            pools.append(x)
        return pools[2], pools[3], pools[4]
