"""Weigh classes so that thin and rare ones are learnt too."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from maskstream.training.dataset import Labels

__all__ = ["median_frequency_weights"]


def median_frequency_weights(truth: Iterable[Labels], num_classes: int) -> Tensor:
    """Weigh each class by median-frequency balancing.

    Eigen and Fergus 2015 (arXiv 1411.4734), section 6.3.2: the median frequency over
    the class's own, which counts only the pictures that hold the class.

    Args:
        truth: label maps, seen once and one at a time.
        num_classes: ids from there on are void.

    Returns:
        (K,) weights; 1 for a class that never occurs.
    """
    pixels = np.zeros(num_classes)  # of each class
    sizes_with_class = np.zeros(num_classes)  # pixels of the pictures that hold it
    for labels in truth:
        counts = np.bincount(labels.ravel(), minlength=256)[:num_classes]  # (K,)
        pixels += counts
        sizes_with_class += labels.size * (counts > 0)
    frequency = pixels / np.maximum(1, sizes_with_class)  # (K,)
    present = frequency > 0
    weights = np.ones(num_classes)
    if present.any():
        weights[present] = np.median(frequency[present]) / frequency[present]
    return torch.from_numpy(weights).float()
