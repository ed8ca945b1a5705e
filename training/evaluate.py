"""Score labels against the truth, over one whole split."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from maskstream.models.classes import ClassTable
from maskstream.models.fcn import FCN
from maskstream.models.geometry import upsample_scores
from maskstream.training.dataset import LabelledFolder, Labels, Picture

Predict = Callable[[Picture, tuple[int, int]], Labels]
"""Label a (h, w, 3) RGB picture at the size wanted, (H, W), whatever engine is used."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The four scores of the FCN paper and the IoU of each class; nan where absent."""

    pixel_accuracy: float
    mean_accuracy: float
    mean_iou: float
    frequency_weighted_iou: float
    per_class_iou: dict[str, float]

    @classmethod
    def of(cls, confusion: npt.NDArray[np.int64], names: tuple[str, ...]) -> Scores:
        """Compute the scores from a (K, K) count of pixels, true class by row.

        As score.py of the original release: a class that is neither present nor
        predicted has no IoU and is left out of the means.
        """
        hits = np.diag(confusion).astype(np.float64)  # (K,)
        true = confusion.sum(1)  # (K,)
        predicted = confusion.sum(0)  # (K,)
        with np.errstate(invalid="ignore"):
            recall = hits / true
            iou = hits / (true + predicted - hits)
            frequency = true / confusion.sum()
        present = frequency > 0
        return cls(
            pixel_accuracy=float(hits.sum() / max(1, confusion.sum())),
            mean_accuracy=_nanmean(recall),
            mean_iou=_nanmean(iou),
            frequency_weighted_iou=float((frequency[present] * iou[present]).sum()),
            per_class_iou=dict(zip(names, iou.tolist(), strict=True)),
        )

    def to_json(self) -> str:
        """Write the scores as JSON, where a class is absent null."""
        return json.dumps(_nan_to_none(asdict(self)), indent=2)


def evaluate(predict: Predict, folder: LabelledFolder, classes: ClassTable) -> Scores:
    """Label every picture of a split and score the labels.

    One count over all pixels, not a mean over pictures. Pixels whose true id is not in
    the class table are left out.
    """
    num_classes = len(classes)
    confusion = np.zeros((num_classes, num_classes), np.int64)
    for index in range(len(folder)):
        picture, truth = folder[index]
        labels = predict(picture, (truth.shape[0], truth.shape[1]))
        confusion += count_pixels(labels, truth, num_classes)
    return Scores.of(confusion, classes.names)


def count_pixels(
    labels: Labels, truth: Labels, num_classes: int
) -> npt.NDArray[np.int64]:
    """Count pixels by true and predicted class, (K, K), where the truth is known."""
    known = truth < num_classes
    pairs = num_classes * truth[known].astype(np.int64) + labels[known]
    counts = np.bincount(pairs, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def torch_predictor(model: FCN, network_hw: tuple[int, int] | None = None) -> Predict:
    """Label pictures in torch, as the reference that engines are compared with.

    Args:
        model: in evaluation mode, on the CPU.
        network_hw: size to which pictures are brought first; their own if not given.
    """

    def predict(picture: Picture, size_hw: tuple[int, int]) -> Labels:
        if network_hw is not None and network_hw != picture.shape[:2]:
            shrinks = network_hw[0] < picture.shape[0]
            how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            resized = cv2.resize(picture, network_hw[::-1], interpolation=how)
            picture = np.asarray(resized)
        pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
        with torch.inference_mode():
            scores = model(pixels)  # (1, K, h8, w8)
            seen_hw = (picture.shape[0], picture.shape[1])
            full = upsample_scores(scores, model.score_grid, seen_hw, size_hw)
            return full.argmax(1)[0].to(torch.uint8).numpy()  # (H, W)

    return predict


def _nanmean(values: npt.NDArray[np.float64]) -> float:
    present = values[~np.isnan(values)]
    return float(present.mean()) if present.size else math.nan


def _nan_to_none(value: object) -> object:
    """Replace nan, which JSON lacks, in a score or a dict of scores."""
    if isinstance(value, dict):
        return {name: _nan_to_none(score) for name, score in value.items()}
    return None if value != value else value  # nan alone differs from itself
