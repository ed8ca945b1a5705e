"""A teacher that learnt from ADE20K: MOSAIC of the MLPerf mobile release."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from maskstream.models.classes import CAMVID
from maskstream.pipeline.errors import ModelError
from maskstream.training.dataset import Picture
from maskstream.training.teachers.opinion import Opinion, class_ids

# Of ADE20K's 31 most frequent classes those that CamVid has; the rest, such as floor
# and earth, may be anything under the wheels.
_CLASSES = {
    1: "building",  # wall
    2: "building",
    3: "sky",
    5: "tree",
    7: "road",
    9: "building",  # window
    10: "tree",  # grass
    12: "pavement",
    13: "pedestrian",
    18: "tree",  # plant
    21: "car",
    26: "building",  # house
}


class AdeTeacher:
    """Says the large classes, pedestrians and cars; gives no confidence."""

    speaks_of = frozenset(CAMVID.index(name) for name in _CLASSES.values())

    def __init__(self, model: Path) -> None:
        """Load a TFLite model of MOSAIC.

        Raises:
            ModelError: if the file is not such a model, or LiteRT is not installed.
        """
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ModuleNotFoundError as error:
            raise ModelError(
                f"{model}: TFLite models are run by LiteRT; run "
                'pip install "maskstream[teachers]"'
            ) from error
        try:
            self._network = Interpreter(str(model), num_threads=1)
        except ValueError as error:
            raise ModelError(f"{model}: not a TFLite model") from error
        self._network.allocate_tensors()
        (self._input,) = self._network.get_input_details()
        (self._output,) = self._network.get_output_details()
        self._ours = class_ids(_CLASSES)

    def __call__(self, picture: Picture) -> Opinion:
        """Label one picture, stretched to the square that the network takes."""
        height, width = picture.shape[:2]
        _, rows, columns, _ = self._input["shape"]
        square = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
        self._network.set_tensor(self._input["index"], square[None])
        self._network.invoke()
        theirs = self._network.get_tensor(self._output["index"])[0].astype(np.uint8)
        labels = cv2.resize(
            self._ours[theirs], (width, height), interpolation=cv2.INTER_NEAREST
        )
        return Opinion(
            np.asarray(labels, np.uint8), np.ones((height, width), np.float32)
        )
