"""What training lowers: mistakes by pixel, and lack of overlap by class."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from maskstream.training.augment import IGNORE


def segmentation_loss(scores: Tensor, labels: Tensor, class_weights: Tensor) -> Tensor:
    """Add the weighted cross entropy and the Dice loss.

    Args:
        scores: (N, K, H, W) at full size.
        labels: (N, H, W) int64 class ids; IGNORE teaches nothing.
        class_weights: (K,) for the cross entropy.
    """
    if labels.eq(IGNORE).all():
        return 0 * scores.sum()  # both means would be 0 / 0
    entropy = F.cross_entropy(scores, labels, class_weights, ignore_index=IGNORE)
    return entropy + dice_loss(scores, labels)


def dice_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Measure how little the classes present overlap with the truth, 0 to 1.

    One minus the mean Dice coefficient, each class over the whole batch: a few pixels
    of a thin class count as much as many of a wide one.
    """
    num_classes = scores.shape[1]
    known = labels != IGNORE  # (N, H, W)
    shares = scores.softmax(1) * known[:, None]  # (N, K, H, W)
    names = labels.where(known, 0)  # (N, H, W)
    hits = shares.gather(1, names[:, None])  # (N, 1, H, W), 0 where unknown
    overlap = scores.new_zeros(num_classes).index_add(
        0, names.flatten(), hits.flatten()
    )  # (K,)
    true = torch.bincount(labels[known], minlength=num_classes)  # (K,)
    dice = 2 * overlap / (shares.sum((0, 2, 3)) + true)  # (K,)
    return 1 - dice[true > 0].mean()
