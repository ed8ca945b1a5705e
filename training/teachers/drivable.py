"""A teacher that learnt drivable area from BDD100K: TwinLiteNetPlus."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from maskstream.models.classes import CAMVID
from maskstream.pipeline.errors import ModelError
from maskstream.training.dataset import Picture
from maskstream.training.teachers.opinion import VOID, Opinion

_FALSE_ROWS = 12  # of the network's 384 that it paints at the top and the bottom


class DrivableTeacher:
    """Says road where one may drive, by day, at night and in rain; nothing else."""

    speaks_of = frozenset({CAMVID.index("road")})

    def __init__(self, model: Path) -> None:
        """Load an ONNX model with an output ``da`` of two classes.

        Raises:
            ModelError: if the file is not such a model, or onnxruntime is missing.
        """
        try:
            import onnxruntime
        except ModuleNotFoundError as error:
            raise ModelError(
                f"{model}: ONNX models are run by onnxruntime; run "
                'pip install "maskstream[teachers]"'
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            self._network = onnxruntime.InferenceSession(
                str(model), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its errors share no other base
            raise ModelError(f"{model}: not an ONNX model") from error
        (self._input,) = self._network.get_inputs()

    def __call__(self, picture: Picture) -> Opinion:
        """Label the drivable area of one picture."""
        height, width = picture.shape[:2]
        _, _, rows, columns = self._input.shape
        resized = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
        pixels = resized.transpose(2, 0, 1)[None].astype(np.float32) / 255
        (scores,) = self._network.run(["da"], {self._input.name: pixels})
        # softmax of two classes is the sigmoid of their difference
        road = 1 / (1 + np.exp(scores[0, 0] - scores[0, 1]))
        road[:_FALSE_ROWS] = road[-_FALSE_ROWS:] = 0
        probable = cv2.resize(road, (width, height))
        return Opinion(
            np.where(probable > 0.5, CAMVID.index("road"), VOID).astype(np.uint8),
            probable.astype(np.float32),
        )
