"""Networks that turn pictures into features at strides 8, 16 and 32."""

from __future__ import annotations

from collections.abc import Mapping

import timm
import torch.nn.functional as F
from torch import Tensor, nn, tensor

from maskstream.pipeline.errors import ModelError

Features = tuple[Tensor, Tensor, Tensor]


class Backbone(nn.Module):
    """Normalisation and features; a subclass gives ``channels`` and ``features``.

    Pictures enter as (N, 3, H, W) RGB in 0..255; features leave at strides 8, 16, 32.
    """

    channels: tuple[int, int, int]
    mean: Tensor  # (3, 1, 1), RGB
    std: Tensor  # (3, 1, 1), RGB

    def __init__(self, mean: list[float], std: list[float]) -> None:
        super().__init__()
        # Constants of the architecture, so they are not weights to be saved.
        for name, values in (("mean", mean), ("std", std)):
            self.register_buffer(name, tensor(values)[:, None, None], persistent=False)

    def normalise(self, pictures: Tensor) -> Tensor:
        """Centre and scale the colours of (N, 3, H, W) pictures."""
        return (pictures - self.mean) / self.std

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
                f"backbone weights do not fit {type(self).__name__}: "
                f"{len(missing)} of {len(own)} are missing, first {missing[0]}"
            )
        try:
            self.load_state_dict({own[name]: weights[name].float() for name in own})
        except RuntimeError as error:
            raise ModelError(
                f"backbone weights do not fit {type(self).__name__}: "
                f"{str(error).splitlines()[-1].strip()}"
            ) from error

    def trunk_names(self) -> dict[str, str]:
        """Map the names in a file of ImageNet weights to the names here."""
        return {name: name for name in self.state_dict()}


class Lite0(Backbone):
    """EfficientNet-Lite0 up to its last block, through timm."""

    channels = (40, 112, 320)

    def __init__(self) -> None:
        # ImageNet's mean and standard deviation, as timm trained it.
        super().__init__([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])
        self.trunk = timm.create_model(
            "tf_efficientnet_lite0", features_only=True, out_indices=(2, 3, 4)
        )

    def features(self, x: Tensor) -> Features:
        """Compute the features of (N, 3, H, W) normalised pictures."""
        pool3, pool4, pool5 = self.trunk(x)
        return pool3, pool4, pool5

    def trunk_names(self) -> dict[str, str]:
        """Map timm's names to the names here."""
        return {name.removeprefix("trunk."): name for name in self.state_dict()}


class VGG16(Backbone):
    """The 13 convolutions of VGG16, its five pools between them.

    Simonyan and Zisserman 2014, as the FCN release uses it: colours centred on the mean
    of caffe's VGG and not scaled. The weights know BGR; the flip is made here.
    """

    channels = (256, 512, 512)
    _BLOCKS = ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3)

    def __init__(self, padding: int = 1) -> None:
        """Build with ``padding`` at the first convolution: 100 in the paper."""
        super().__init__([123.68, 116.779, 103.939], [1.0, 1.0, 1.0])
        self._convs: list[list[str]] = []
        num_inputs = 3
        for block, widths in enumerate(self._BLOCKS, start=1):
            names = [f"conv{block}_{index}" for index in range(1, len(widths) + 1)]
            for name, width in zip(names, widths, strict=True):
                around = padding if name == "conv1_1" else 1
                self.add_module(name, nn.Conv2d(num_inputs, width, 3, padding=around))
                num_inputs = width
            self._convs.append(names)

    def features(self, x: Tensor) -> Features:
        """Compute the features of (N, 3, H, W) normalised pictures."""
        x = x.flip(1)  # RGB to BGR
        pools = []
        for names in self._convs:
            for name in names:
                x = F.relu(self.get_submodule(name)(x))
            # Caffe rounds up; where sizes divide by 32 the rounding does not matter.
            x = F.max_pool2d(x, 2, ceil_mode=True)
            pools.append(x)
        return pools[2], pools[3], pools[4]
