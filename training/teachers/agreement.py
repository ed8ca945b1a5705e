"""One label map out of the opinions of several teachers.

Measured with three teachers on 60 pictures of CamVid's training split: 77 % of the
pixels get a label, and of those with truth 97 % are right: sky and road 99 %, car 98,
tree 95, pavement 93, building 92. On 21 pictures of BDD100K 67 and 97 %.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from maskstream.models.classes import CAMVID
from maskstream.training.dataset import Labels, Picture
from maskstream.training.teachers.opinion import VOID, Opinion, Teacher

_Mask = npt.NDArray[np.bool_]  # (H, W)

_CONFIDENCE = 0.6  # below it an opinion does not count
_LONE_CONFIDENCE = 0.9  # where no other teacher knows the class


def label_together(teachers: Sequence[Teacher], picture: Picture) -> Labels:
    """Label a picture where its teachers agree.

    Returns:
        (H, W) class ids of CamVid, VOID where they do not agree.
    """
    opinions = [teacher(picture) for teacher in teachers]
    return agree(opinions, [teacher.speaks_of for teacher in teachers])


def agree(opinions: Sequence[Opinion], speaks_of: Sequence[frozenset[int]]) -> Labels:
    """Keep what two teachers say, or one that is sure where no other knows the class.

    Where shared labels meet, both sides of the border lose a pixel: each network draws
    it elsewhere. Classes that one teacher alone knows are thin and keep theirs. The
    bonnet of the own car, which networks take for a car, is void.

    Args:
        opinions: of one picture, all of its size.
        speaks_of: for each opinion the class ids that its teacher knows.

    Returns:
        (H, W) class ids, VOID elsewhere.
    """
    shared = np.full_like(opinions[0].labels, VOID)
    lone = shared.copy()
    for class_id in range(len(CAMVID)):
        knowing = [
            opinion
            for opinion, known in zip(opinions, speaks_of, strict=True)
            if class_id in known
        ]
        floor = _LONE_CONFIDENCE if len(knowing) == 1 else _CONFIDENCE
        votes = np.zeros(shared.shape, np.uint8)
        for opinion in knowing:
            votes += (opinion.labels == class_id) & (opinion.confidence >= floor)
        if len(knowing) == 1:
            lone[votes == 1] = class_id
        else:
            shared[votes >= 2] = class_id
    shared[_borders(shared)] = VOID
    shared[_own_bonnet(shared)] = VOID
    return np.where(lone != VOID, lone, shared)


def _own_bonnet(labels: Labels) -> _Mask:
    """Find cars cut by the lower edge that are twice as wide as high, (H, W)."""
    cars = (labels == CAMVID.index("car")).astype(np.uint8)
    _, parts, boxes, _ = cv2.connectedComponentsWithStats(cars)
    _, top, width, height, _ = boxes.T
    # the last row may be void already, as a border
    is_cut = top + height >= len(labels) - 1
    is_bonnet = is_cut & (width > 2 * height)
    is_bonnet[0] = False  # the part that is no car
    return np.asarray(is_bonnet[parts])


def _borders(labels: Labels) -> _Mask:
    """Find the pixels that touch another label, (H, W)."""
    around = np.ones((3, 3), np.uint8)
    unequal = cv2.dilate(labels, around) != cv2.erode(labels, around)
    return np.asarray(unequal)
