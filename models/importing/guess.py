"""Classes of weights that do not say them, known by their number."""

from __future__ import annotations

from maskstream.models.class_tables import CITYSCAPES, PASCAL_VOC, voc_colours
from maskstream.models.classes import ClassTable

__all__ = ["guess_classes"]

_NUM_IMAGENET = 1000


def guess_classes(num_classes: int) -> ClassTable:
    """Tell what so many classes usually are; name them by number if unusual."""
    for usual in (PASCAL_VOC, CITYSCAPES):
        if num_classes == len(usual):
            return usual
    if num_classes == _NUM_IMAGENET:
        names = _imagenet_names()
    else:
        names = tuple(f"class {index}" for index in range(num_classes))
    return ClassTable(names, voc_colours(num_classes))


def _imagenet_names() -> tuple[str, ...]:
    from torchvision.models import VGG16_Weights

    return tuple(VGG16_Weights.IMAGENET1K_V1.meta["categories"])
