"""Backbones that are other people's classifiers, cut before they pool everything."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn

from maskstream.models.backbones.base import Backbone, Colours, Features
from maskstream.pipeline.errors import ModelError

__all__ = ["Timm", "Torchvision", "build_classifier"]

_STRIDES = (8, 16, 32)
_SLOW_TO_START = ("googlenet", "inception_v3")  # a minute for random weights of its own


class Timm(Backbone):
    """Any network of timm that has features at strides 8, 16 and 32."""

    def __init__(self, name: str, *, colours: Colours = Colours.IMAGENET) -> None:
        """Build with random weights.

        Raises:
            ModelError: timm has no such network, or it lacks such features.
        """
        import timm

        super().__init__(f"timm:{name}", colours)
        if not timm.is_model(name):  # names that begin hf-hub: would be asked for there
            raise ModelError(
                f"timm:{name} cannot be a backbone: timm has no such network"
            )
        try:
            with torch.device("meta"):
                whole: Any = timm.create_model(name, features_only=True)
            found = whole.feature_info.reduction()
            if missing := set(_STRIDES) - set(found):
                there = ", ".join(str(stride) for stride in sorted(set(found)))
                raise ModelError(f"its own are at {there}, none at {min(missing)}")
            indices = [found.index(stride) for stride in _STRIDES]
        except (RuntimeError, ValueError, AttributeError) as error:
            raise ModelError(
                f"timm:{name} cannot be a backbone; a network of timm that has "
                f"features at strides 8, 16 and 32 is needed: {error}"
            ) from error
        trunk: Any = timm.create_model(name, features_only=True, out_indices=indices)
        self.trunk = trunk
        pool3, pool4, pool5 = trunk.feature_info.channels()
        self.channels = (pool3, pool4, pool5)

    def features(self, x: Tensor) -> Features:
        """Compute the features of (N, 3, H, W) normalised pictures."""
        pool3, pool4, pool5 = self.trunk(x)
        return pool3, pool4, pool5


class Torchvision(Backbone):
    """A classifier of torchvision whose parts follow one another.

    ResNet, GoogLeNet, EfficientNet, MobileNetV3 and the like.
    """

    def __init__(self, name: str, *, colours: Colours = Colours.IMAGENET) -> None:
        """Build with random weights.

        Raises:
            ModelError: torchvision has no such network, or it lacks such features.
        """
        super().__init__(name, colours)
        options = {"init_weights": False} if name in _SLOW_TO_START else {}
        self._prefix, self.trunk = _cut(name, build_classifier(name, **options))
        self._last, self.channels = self._find_features(name)

    def features(self, x: Tensor) -> Features:
        """Compute the features of (N, 3, H, W) normalised pictures."""
        found = []
        for name, part in self.trunk.named_children():
            x = part(x)
            if name in self._last:
                found.append(x)
        pool3, pool4, pool5 = found
        return pool3, pool4, pool5

    def trunk_names(self) -> dict[str, str]:
        """Map torchvision's names to the names here."""
        return {
            f"{self._prefix}{name.removeprefix('trunk.')}": name
            for name in self.state_dict()
        }

    def _find_features(self, name: str) -> tuple[set[str], tuple[int, int, int]]:
        """Name the last part at each stride, and count its channels."""
        side = 64
        x = torch.zeros(1, 3, side, side)
        last: dict[int, tuple[str, int]] = {}
        self.trunk.eval()  # so that nothing is learnt from this picture
        with torch.no_grad():
            for part_name, part in self.trunk.named_children():
                try:
                    x = part(x)
                except RuntimeError:  # more pixels are wanted, as by Inception
                    break
                if x.ndim != 4 or x.shape[2] != x.shape[3]:  # channels last, as in Swin
                    break
                last[side // x.shape[2]] = part_name, x.shape[1]
        self.trunk.train()
        if not last.keys() >= set(_STRIDES):
            strides = ", ".join(map(str, last)) or "none"
            raise ModelError(
                f"{name} cannot be a backbone: features at strides 8, 16 and 32 are "
                f"needed, channels first, and it has {strides}"
            )
        names = {last[stride][0] for stride in _STRIDES}
        pool3, pool4, pool5 = (last[stride][1] for stride in _STRIDES)
        return names, (pool3, pool4, pool5)


def build_classifier(name: str, **options: Any) -> Any:
    """Build a classifier of torchvision with random weights.

    Of its other networks, those that detect and segment fetch weights of the backbone
    that they stand on.

    Raises:
        ModelError: torchvision has no such classifier.
    """
    import torchvision

    if name not in torchvision.models.list_models(module=torchvision.models):
        raise ModelError(
            f"torchvision has no classifier {name!r} that could be a backbone"
        )
    try:
        return torchvision.models.get_model(name, weights=None, **options)
    except NotImplementedError as error:  # RegNet, where no memory is to be taken
        raise ModelError(
            f"{name} cannot be a backbone: features at strides 8, 16 and 32 are needed"
        ) from error


def _cut(name: str, classifier: nn.Module) -> tuple[str, nn.Sequential]:
    """Keep the parts before the pooling of the whole picture, and what names them."""
    features = getattr(classifier, "features", None)
    if isinstance(features, nn.Sequential):
        return "features.", features
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    for part_name, part in classifier.named_children():
        if part_name == "avgpool":
            return "", nn.Sequential(parts)
        if not part_name.startswith("aux"):  # GoogLeNet's, which only train
            parts[part_name] = part
    raise ModelError(f"{name} cannot be a backbone: it has no maps of features to pool")
