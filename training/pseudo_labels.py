"""Pseudo-labels: what a trained network is sure of, as pictures to learn from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch

from maskstream.models.classes import ClassTable
from maskstream.models.fcn import FCN
from maskstream.models.geometry import upsample_scores
from maskstream.training.augment import IGNORE
from maskstream.training.dataset import Labels, Picture
from maskstream.training.labelled_writer import write_labelled

__all__ = ["label_confidently", "write_pseudo_labels"]


@torch.inference_mode()
def label_confidently(model: FCN, picture: Picture, min_confidence: float) -> Labels:
    """Label an (H, W, 3) RGB picture, (H, W), with IGNORE where the network doubts.

    Args:
        model: in evaluation mode, on the CPU.
        picture: of any size.
        min_confidence: probability that the best class must have.
    """
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    size_hw = (picture.shape[0], picture.shape[1])
    full = upsample_scores(model(pixels), model.score_grid, size_hw)  # (1, K, H, W)
    confidence, labels = full.softmax(1)[0].max(0)  # (H, W) each
    kept = labels.masked_fill(confidence < min_confidence, IGNORE)
    return kept.to(torch.uint8).numpy()


def write_pseudo_labels(
    model: FCN,
    frames: Iterable[tuple[str, Picture]],
    out: Path,
    *,
    split: str,
    classes: ClassTable,
    min_confidence: float,
) -> tuple[int, float]:
    """Write each frame with the labels that the network is sure of.

    Returns:
        The frames written, and the share of their pixels that have a label.

    Raises:
        ConfigError: the split has pictures already, or the folder other classes.
        SinkError: the folder cannot be written.
    """
    labelled = (
        (name, picture, label_confidently(model, picture, min_confidence))
        for name, picture in frames
    )
    return write_labelled(labelled, out, split=split, classes=classes, void=IGNORE)
