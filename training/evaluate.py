"""Score labels against the truth, over one whole split or clip."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from maskstream.models.classes import ClassTable
from maskstream.training.datasets import VOID, Labels, Picture
from maskstream.training.metrics import (
    Agreement,
    AgreementScores,
    BoundaryF1,
    BoundaryScores,
    Box,
    BoxAgreement,
    BoxScores,
    MotionTracker,
    Scores,
    TemporalConsistency,
    TemporalScores,
    count_pixels,
)
from maskstream.training.predict import Predict

__all__ = ["Evaluation", "FindBoxes", "evaluate"]

FindBoxes = Callable[[Labels], Sequence[Box]]
"""Find the things in (H, W) class ids."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All scores of one set of pictures; None where one was not asked for."""

    scores: Scores
    boundary: BoundaryScores
    boxes: BoxScores | None = None
    temporal: TemporalScores | None = None
    true_temporal: TemporalScores | None = (
        None  # of the truth itself, the best there is
    )
    agreement: AgreementScores | None = None
    other_scores: Scores | None = None  # of what the labels were compared with
    labelled_by: str | None = None  # engine and precision
    compared_with: str | None = None  # the same of the other labels

    def to_json(self) -> str:
        """Write the paper's scores, and below them the others, where absent null."""
        parts = asdict(self)
        scores = parts.pop("scores")
        told = {name: part for name, part in parts.items() if part is not None}
        text = json.dumps(_as_json(scores | told), indent=2)
        return re.sub(r"\[[\s\d,]+\]", _on_one_line, text)


def evaluate(
    predict: Predict,
    samples: Iterable[tuple[Picture, Labels]],
    classes: ClassTable,
    *,
    find_boxes: FindBoxes | None = None,
    other: Predict | None = None,
    is_clip: bool = False,
) -> Evaluation:
    """Label every picture and score the labels.

    One count over all pixels, not a mean over pictures. Pixels whose truth is void are
    left out, and so are the things found there.

    Args:
        predict: What is scored.
        samples: Pictures with their true labels, of one size each.
        classes: What both mean.
        find_boxes: Score boxes of the things that it finds.
        other: Compare with the labels of another engine.
        is_clip: The pictures are the frames of a video, in order.
    """
    num_classes = len(classes)
    counts = np.zeros((num_classes, num_classes), np.int64)  # (K, K)
    other_counts = counts.copy()
    boundary = BoundaryF1(classes.names)
    boxes = BoxAgreement(classes.countable)
    agreement = Agreement()
    motions = MotionTracker()
    temporal = TemporalConsistency(classes.names)
    true_temporal = TemporalConsistency(classes.names)
    for picture, truth in samples:
        size_hw = truth.shape[0], truth.shape[1]
        labels = predict(picture, size_hw)
        counts += count_pixels(labels, truth, num_classes)
        boundary.add(labels, truth)
        if find_boxes is not None:
            known = np.where(truth == VOID, truth, labels)
            boxes.add(find_boxes(known), find_boxes(truth))
        if other is not None:
            others = other(picture, size_hw)
            agreement.add(labels, others)
            other_counts += count_pixels(others, truth, num_classes)
        if is_clip:
            motion = motions.step(picture)
            temporal.add(motion, labels)
            true_temporal.add(motion, truth)
    return Evaluation(
        scores=Scores.of(counts, classes.names),
        boundary=boundary.scores(),
        boxes=None if find_boxes is None else boxes.scores(),
        temporal=temporal.scores() if is_clip else None,
        true_temporal=true_temporal.scores() if is_clip else None,
        agreement=None if other is None else agreement.scores(),
        other_scores=None if other is None else Scores.of(other_counts, classes.names),
    )


def _on_one_line(row: re.Match[str]) -> str:
    """Write a row of a matrix as people read it."""
    return " ".join(row[0].split()).replace("[ ", "[").replace(" ]", "]")


def _as_json(value: object) -> object:
    """Write arrays as lists, and nan, which JSON lacks, as null."""
    if isinstance(value, dict):
        return {name: _as_json(part) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return None if value != value else value  # nan alone differs from itself
