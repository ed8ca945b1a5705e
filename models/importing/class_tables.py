"""Classes of weights that do not say them, known by their number."""

from __future__ import annotations

from maskstream.models.classes import ClassTable, Colour

__all__ = ["CITYSCAPES", "PASCAL_VOC", "guess_classes"]

# Names and order of the VOC challenge, 0 is the background.
_VOC_NAMES = (
    "background",
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)

_NUM_IMAGENET = 1000

# trainId order and colours of cityscapesScripts, labels.py.
_CITYSCAPES: dict[str, Colour] = {
    "road": (128, 64, 128),
    "sidewalk": (244, 35, 232),
    "building": (70, 70, 70),
    "wall": (102, 102, 156),
    "fence": (190, 153, 153),
    "pole": (153, 153, 153),
    "traffic light": (250, 170, 30),
    "traffic sign": (220, 220, 0),
    "vegetation": (107, 142, 35),
    "terrain": (152, 251, 152),
    "sky": (70, 130, 180),
    "person": (220, 20, 60),
    "rider": (255, 0, 0),
    "car": (0, 0, 142),
    "truck": (0, 0, 70),
    "bus": (0, 60, 100),
    "train": (0, 80, 100),
    "motorcycle": (0, 0, 230),
    "bicycle": (119, 11, 32),
}


def _voc_colour(index: int) -> Colour:
    """Spread the bits of a class id over R, G and B, as the VOC challenge does.

    ``make_palette`` in vis.py of the original release.
    """
    colour = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            colour[channel] |= (index >> 3 * bit + channel & 1) << 7 - bit
    return colour[0], colour[1], colour[2]


def _in_voc_colours(names: tuple[str, ...]) -> ClassTable:
    return ClassTable(names, tuple(_voc_colour(index) for index in range(len(names))))


PASCAL_VOC = _in_voc_colours(_VOC_NAMES)
CITYSCAPES = ClassTable(tuple(_CITYSCAPES), tuple(_CITYSCAPES.values()))


def guess_classes(num_classes: int) -> ClassTable:
    """Tell what so many classes usually are; name them by number if unusual."""
    if num_classes == len(PASCAL_VOC):
        return PASCAL_VOC
    if num_classes == len(CITYSCAPES):
        return CITYSCAPES
    if num_classes == _NUM_IMAGENET:
        return _imagenet()
    return _in_voc_colours(tuple(f"class {index}" for index in range(num_classes)))


def _imagenet() -> ClassTable:
    from torchvision.models import VGG16_Weights

    return _in_voc_colours(tuple(VGG16_Weights.IMAGENET1K_V1.meta["categories"]))
