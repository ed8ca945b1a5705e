"""What training lowers: mistakes by pixel, and lack of overlap by class.

Everything is made of sums over the pictures of all processes, so that several of them
lower the loss of their joint batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from maskstream.training.augment import IGNORE
from maskstream.training.config import LossConfig
from maskstream.training.distributed import sum_over_processes

__all__ = ["Part", "dice_loss", "parts_of_step", "segmentation_loss"]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one batch of a step counts in the loss of them all."""

    of_pixels: Tensor | float = 1.0  # of its cross entropy
    of_batches: float = 1.0  # of a loss that looks at each batch by itself


_WHOLE = Part()


def parts_of_step(
    labels: Sequence[Tensor], class_weights: Tensor, config: LossConfig
) -> list[Part]:
    """Weigh the batches of a step so that its pixels, not its batches, count alike.

    Args:
        labels: (N, H, W) int64 of each batch of this process; N, H and W may differ.
        class_weights: (K,) for the cross entropy.
        config: how pixels count.
    """
    of_batches = 1 / len(labels)
    if config.reduction == "sum" or len(labels) == 1:
        return [Part(of_batches=of_batches) for _ in labels]
    known = torch.stack([class_weights[each[each != IGNORE]].sum() for each in labels])
    known = sum_over_processes(known)  # (batches,)
    shares = known / known.sum().clamp(min=torch.finfo(known.dtype).tiny)
    return [Part(share, of_batches) for share in shares]


def segmentation_loss(
    scores: Tensor,
    labels: Tensor,
    class_weights: Tensor,
    config: LossConfig,
    part: Part = _WHOLE,
) -> Tensor:
    """Add the cross entropy, weighted by class, and the Dice loss.

    Args:
        scores: (N, K, H, W) at full size.
        labels: (N, H, W) int64 class ids; IGNORE teaches nothing.
        class_weights: (K,) for the cross entropy.
        config: which pixels count, and how.
        part: what the batch is of its step.
    """
    counted = labels
    if config.hard_below is not None:
        is_easy = ~_hard_pixels(scores, labels, config)
        counted = labels.masked_fill(is_easy, IGNORE)
    loss = sum_over_processes(
        F.cross_entropy(
            scores, counted, class_weights, ignore_index=IGNORE, reduction="sum"
        )
    )
    if config.reduction == "mean":
        weights = class_weights[counted[counted != IGNORE]].sum()
        tiny = torch.finfo(weights.dtype).tiny  # where nothing is known 0 / 0 is 0
        loss = loss / sum_over_processes(weights).clamp(min=tiny)
    loss = part.of_pixels * loss
    if config.dice:
        loss = loss + part.of_batches * config.dice * dice_loss(scores, labels)
    return loss


def dice_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Measure how little the classes present overlap with the truth, 0 to 1.

    One minus the mean Dice coefficient, each class over the whole batch: a few pixels
    of a thin class count as much as many of a wide one. 0 where nothing is known.
    """
    num_classes = scores.shape[1]
    known = labels != IGNORE  # (N, H, W)
    shares = scores.softmax(1) * known[:, None]  # (N, K, H, W)
    names = labels.where(known, 0)  # (N, H, W)
    hits = shares.gather(1, names[:, None])  # (N, 1, H, W), 0 where unknown
    overlap = scores.new_zeros(num_classes).index_add(
        0, names.flatten(), hits.flatten()
    )  # (K,)
    true = torch.bincount(labels[known], minlength=num_classes).to(scores)  # (K,)
    sums = torch.stack([overlap, shares.sum((0, 2, 3)), true])  # (3, K)
    overlap, claimed, true = sum_over_processes(sums)
    present = true > 0  # (K,)
    dice = 2 * overlap / (claimed + true).where(present, 1)  # (K,)
    lacking: Tensor = ((1 - dice) * present).sum() / present.sum().clamp(min=1)
    return lacking


@torch.no_grad()
def _hard_pixels(scores: Tensor, labels: Tensor, config: LossConfig) -> Tensor:
    """Mark the known pixels that the network is least sure of, (N, H, W) bool.

    Online hard example mining as in OhemCELoss of BiSeNet's release, by probability,
    over the batch of one process.
    """
    assert config.hard_below is not None
    known = labels != IGNORE  # (N, H, W)
    names = labels.where(known, 0)  # (N, H, W)
    chances = scores.softmax(1).gather(1, names[:, None])[:, 0]  # (N, H, W)
    num_kept = int(known.sum() * config.hard_min_share)
    threshold = torch.tensor(config.hard_below).to(chances)
    if num_kept > 0:
        threshold = threshold.maximum(chances[known].kthvalue(num_kept).values)
    return known & (chances <= threshold)
