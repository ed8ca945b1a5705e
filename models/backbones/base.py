"""What every backbone is: colours in, features at strides 8, 16 and 32 out."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from torch import Tensor, nn, tensor

from maskstream.models.geometry import ScoreGrid
from maskstream.pipeline.errors import ModelError

__all__ = ["Backbone", "Colours", "Features", "Spread"]

Features = tuple[Tensor, Tensor, Tensor]


class Colours(Enum):
    """What the first convolution expects of colours."""

    CAFFE = "caffe"  # BGR less the mean of caffe's VGG, not scaled
    FCN = "fcn"  # BGR less the mean of the FCN release and of CaffeNet, not scaled
    NYUD = "nyud"  # BGR less the mean of NYUDv2's pictures, not scaled
    IMAGENET = "imagenet"  # RGB less ImageNet's mean, over its standard deviation

    @property
    def description(self) -> str:
        """How pictures are prepared, which the network does by itself."""
        order = " as BGR" if self.is_bgr else ""
        return f"RGB in 0..255, less {_MEANS[self]}, over {_STDS[self]}{order}"

    @property
    def is_bgr(self) -> bool:
        """Blue comes first."""
        return self is not Colours.IMAGENET

    def fits(self, learnt: Colours) -> bool:
        """Tell whether kernels that learnt from others can start from there.

        Order and scale must be the same. Another mean is a small shift: the release
        itself starts from caffe's VGG, less a mean of its own.
        """
        return self.is_bgr is learnt.is_bgr and _STDS[self] == _STDS[learnt]


_MEANS = {  # RGB, in 0..255
    Colours.CAFFE: (123.68, 116.779, 103.939),
    Colours.FCN: (122.67892, 116.66877, 104.00699),  # voc-fcn*/net.py of the release
    Colours.NYUD: (92.318, 97.203, 116.19),  # nyud-fcn32s-color of the release
    Colours.IMAGENET: (123.675, 116.28, 103.53),
}
_STDS = {
    Colours.CAFFE: (1.0, 1.0, 1.0),
    Colours.FCN: (1.0, 1.0, 1.0),
    Colours.NYUD: (1.0, 1.0, 1.0),
    Colours.IMAGENET: (58.395, 57.12, 57.375),
}


class Spread(nn.Module):
    """What follows the centring of colours: their scale and their order."""

    std: Tensor  # (3, 1, 1), RGB

    def __init__(self, colours: Colours) -> None:
        super().__init__()
        std = tensor(_STDS[colours])[:, None, None]
        self.register_buffer("std", std, persistent=False)
        self.is_bgr = colours.is_bgr

    def forward(self, x: Tensor) -> Tensor:
        """Scale and order (N, 3, H, W) colours that are centred."""
        x = x / self.std
        return x.flip(1) if self.is_bgr else x


class Backbone(nn.Module):
    """Normalisation and features; a subclass gives ``channels`` and ``features``.

    Pictures enter as (N, 3, H, W) RGB in 0..255; features leave at strides 8, 16, 32.
    """

    channels: tuple[int, int, int]
    fc6_kernel = 7
    """Side of the deepest features when the picture has the size of ImageNet's."""
    slim_width: int | None = None
    """Channels of fc6 and fc7 in the slim head where they are dense, as VGG's are."""
    mean: Tensor  # (3, 1, 1), RGB

    def __init__(self, name: str, colours: Colours) -> None:
        super().__init__()
        self.name = name
        self.colours = colours
        # A constant of the architecture, so it is not a weight to be saved.
        mean = tensor(_MEANS[colours])[:, None, None]
        self.register_buffer("mean", mean, persistent=False)
        self.spread: nn.Module = Spread(colours)

    @property
    def grids(self) -> tuple[ScoreGrid, ScoreGrid, ScoreGrid]:
        """Place of the features on the picture, to the half of a sample."""
        return ScoreGrid.tiling(8), ScoreGrid.tiling(16), ScoreGrid.tiling(32)

    def normalise(self, pictures: Tensor) -> Tensor:
        """Centre, scale and order the colours of (N, 3, H, W) pictures."""
        x: Tensor = self.spread(pictures - self.mean)
        return x

    def features(self, x: Tensor) -> Features:
        """Compute the features of (N, 3, H, W) normalised pictures."""
        raise NotImplementedError

    def load_pretrained(self, weights: Mapping[str, Tensor]) -> None:
        """Take ImageNet weights; layers that classify are passed over.

        Raises:
            ModelError: if weights of the trunk are missing or of another shape.
        """
        own = self.trunk_names()
        missing = [name for name in own if name not in weights]
        if missing:
            raise ModelError(
                f"backbone weights do not fit {self.name}: "
                f"{len(missing)} of {len(own)} are missing, first {missing[0]}"
            )
        try:
            self.load_state_dict({own[name]: weights[name].float() for name in own})
        except RuntimeError as error:
            raise ModelError(
                f"backbone weights do not fit {self.name}: "
                f"{str(error).splitlines()[-1].strip()}"
            ) from error

    def trunk_names(self) -> dict[str, str]:
        """Map the names in a file of ImageNet weights to the names here."""
        return {name.removeprefix("trunk."): name for name in self.state_dict()}
