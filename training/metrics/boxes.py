"""How well things are found: boxes around masks, scored as COCO scores detections."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from maskstream.pipeline.errors import ConfigError
from maskstream.training.metrics.scores import mean_of_present

__all__ = ["Box", "BoxAgreement", "BoxScores"]


class Box(NamedTuple):
    """A box around one region of a class, in pixels."""

    class_name: str
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class BoxScores:
    """COCO's average precision of boxes; nan where there is nothing to find."""

    num_true: int
    num_found: int
    mean_iou: float  # of each true box and the found one that covers it best
    ap_50: float  # at an IoU of .5
    ap: float  # mean over IoU .50 to .95 in steps of .05
    per_class_ap_50: dict[str, float]


@dataclass(slots=True)
class BoxAgreement:
    """Collects boxes, picture by picture.

    A mask says how sure it is of nothing, and average precision wants boxes in order:
    larger ones come first, as a region of a few pixels is more often a mistake.
    """

    names: tuple[str, ...]  # of the classes whose things are told apart
    _num_pictures: int = 0
    _true: list[dict[str, Any]] = field(default_factory=list)
    _found: list[dict[str, Any]] = field(default_factory=list)

    def add(self, found: Sequence[Box], true: Sequence[Box]) -> None:
        """Count the boxes of one picture."""
        self._num_pictures += 1
        for boxes, records in ((true, self._true), (found, self._found)):
            records += [
                self._record(box, len(records) + n) for n, box in enumerate(boxes)
            ]

    def scores(self) -> BoxScores:
        """Score all pictures so far.

        Raises:
            ConfigError: if pycocotools is missing.
        """
        evaluation = _evaluate(self._num_pictures, self.names, self._true, self._found)
        precision = evaluation.eval["precision"][..., 0, 0]  # (IoU, recall, K)
        precision = np.where(precision < 0, np.nan, precision)  # a class not there
        by_iou_and_class = precision.mean(1)  # (IoU, K), over 101 recalls
        best = sum(ious.max(0).sum() for ious in evaluation.ious.values() if len(ious))
        num_true = len(self._true)
        return BoxScores(
            num_true=num_true,
            num_found=len(self._found),
            mean_iou=float(best / num_true) if num_true else math.nan,
            ap_50=mean_of_present(by_iou_and_class[0]),
            ap=mean_of_present(by_iou_and_class.ravel()),
            per_class_ap_50=dict(
                zip(self.names, by_iou_and_class[0].tolist(), strict=True)
            ),
        )

    def _record(self, box: Box, index: int) -> dict[str, Any]:
        """Write a box as COCO's annotation and its result alike."""
        area = box.width * box.height
        return {
            "id": index + 1,  # 0 is no match to pycocotools
            "image_id": self._num_pictures,
            "category_id": self.names.index(box.class_name),
            "bbox": [box.left, box.top, box.width, box.height],
            "area": area,
            "score": area,
            "iscrowd": 0,
        }


def _evaluate(
    num_pictures: int,
    names: Sequence[str],
    true: list[dict[str, Any]],
    found: list[dict[str, Any]],
) -> Any:
    """Run COCO's evaluation over all sizes of boxes, without what it prints."""
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise ConfigError(
            'boxes are scored by pycocotools; run pip install "maskstream[coco]"'
        ) from error

    def as_coco(records: list[dict[str, Any]]) -> Any:
        coco = COCO()
        coco.dataset = {
            "images": [{"id": n + 1} for n in range(num_pictures)],
            "categories": [{"id": n, "name": name} for n, name in enumerate(names)],
            "annotations": records,
        }
        coco.createIndex()
        return coco

    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(as_coco(true), as_coco(found), "bbox")
        evaluation.params.areaRng = [[0, math.inf]]
        evaluation.params.areaRngLbl = ["all"]
        evaluation.params.maxDets = [100]
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation
