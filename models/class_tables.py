"""Class tables of published data sets, by the ids that these use."""

from __future__ import annotations

from maskstream.models.classes import ClassTable, Colour

__all__ = ["CITYSCAPES", "PASCAL_VOC", "voc_colours"]


def voc_colours(num_classes: int) -> tuple[Colour, ...]:
    """Return as many colours as wanted of the palette of Pascal VOC."""
    return tuple(_voc_colour(class_id) for class_id in range(num_classes))


def _voc_colour(class_id: int) -> Colour:
    """Spread the bits of an id over red, green and blue, as VOC's development kit.

    ``make_palette`` in vis.py of the FCN release does the same.
    """
    colour = [0, 0, 0]
    for place in range(8):
        for channel in range(3):
            bit = class_id >> (3 * place + channel) & 1
            colour[channel] |= bit << (7 - place)
    return colour[0], colour[1], colour[2]


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

PASCAL_VOC = ClassTable(
    names=_VOC_NAMES,
    colours=voc_colours(len(_VOC_NAMES)),
    countable=_VOC_NAMES[1:],
)
"""The 20 classes of the challenge behind the background."""

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

CITYSCAPES = ClassTable(
    names=tuple(_CITYSCAPES),
    colours=tuple(_CITYSCAPES.values()),
    countable=(
        "traffic light",
        "traffic sign",
        "person",
        "rider",
        "car",
        "truck",
        "bus",
        "train",
        "motorcycle",
        "bicycle",
    ),
)
"""The 19 classes that are scored; the class id is the train id of labels.py."""
